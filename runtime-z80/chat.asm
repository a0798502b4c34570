{#- The chat that all consoles of the Z80 have. A console imports this file, and keeps its system's own routines: `emit`
    prints the character in A, `newline` ends a row; both may change any register but IY and SP. `exit` leaves. -#}

{#- The whole loop, for a console with two routines more: `print` prints the text at HL up to a zero, `read_line` reads a
    line into `line` and gives its length in B. -#}
{%- macro chat_loop(streams=false) %}
        ld hl,greeting
        call print
chat:
        ld hl,prompt
        call print
{%- if streams %}
        call line_begin
{%- endif %}
        call read_line
        call newline
        ld hl,line
{%- if streams %}
        call line_feed
        call line_end
{{- self::answer_taken() }}
{%- else %}
{{- self::answer_line() }}
{%- endif %}
{%- endmacro chat_loop -%}

{#- Its second half: the line at HL has B bytes. Goes on at `chat`, which asks for the next, or at `exit`. -#}
{%- macro answer_line() %}
        call set_query
{{- self::answer_taken() }}
{%- endmacro answer_line -%}

{#- The same behind a line that was taken, Z if it is empty. -#}
{%- macro answer_taken() %}
        jr z,chat                       ; an empty query asks again
        ld hl,query_text+1
        ld a,(query_length)
        dec a
        jr nz,chat_answer
        ld a,(hl)
        cp '!'
        jr z,exit
chat_answer:
        call net_answer
        call newline
        jr chat
{%- endmacro answer_taken -%}

{#- Four digits of a value. -#}
{%- macro hexadecimal(value) %}
{%- for place in [4096, 256, 16, 1] %}
        db '0'+(({{ value }}/{{ place }}) and 15)+(((({{ value }}/{{ place }}) and 15)+6)/16)*7
{%- endfor %}
{%- endmacro hexadecimal -%}

{#- The greeting, without what ends a row and a text on each system. -#}
{%- macro greeting(name) -%}
"{{ name }}. Type a line; ! ends."
{%- endmacro greeting -%}

{#- `print` and `newline` of a console whose routine `put` prints the character in A, 13 and 10 as a terminal does. -#}
{%- macro printing(put) %}
; Prints the text at HL up to a zero.
print:
        ld a,(hl)
        or a
        ret z
        inc hl
        call {{ put }}
        jr print

newline:
        ld a,13
        call {{ put }}
        ld a,10
        jp {{ put }}
{%- endmacro printing -%}

{#- A key in A is put into the line at HL, which has B bytes, and shown. A full line takes no more, or, where lines are taken
    as they come, is taken so far and begins again. -#}
{%- macro keep_key(put, max_query, streams=false) %}
        ld c,a
        ld a,b
        cp {{ max_query }}
{%- if streams %}
        call z,line_full
{%- else %}
        jr z,read_key                   ; full
{%- endif %}
        ld (hl),c
        inc hl
        inc b
        ld a,c
        call {{ put }}
        jr read_key
{%- endmacro keep_key -%}

{#- The same of a key that no character may be, and the delete key, where `put` takes 8 for a step to the left. -#}
{%- macro edit_line(put, max_query, streams=false) %}
        cp ' '
        jr c,read_key
{{- self::keep_key(put=put, max_query=max_query, streams=streams) }}

read_delete:
        ld a,b
        or a
        jr z,read_key
        dec hl
        dec b
        ld a,8
        call {{ put }}
        ld a,' '
        call {{ put }}
        ld a,8
        call {{ put }}
        jr read_key
{%- endmacro edit_line -%}
