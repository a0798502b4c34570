{%- import "chat.asm" as chat -%}
; ---- CP/M 2.2 ------------------------------------------------------------
; With a command tail: answers it and returns. Without one: a chat, ended by "!" or Ctrl-C.
; BDOS functions 2 (console output), 9 (string) and {% if streams %}1 (character){% else %}10 (line){% endif %}{% if file %}, and those of file_open{% else %} only{% endif %}.

bdos            equ 0005h
bdos_base       equ 0006h               ; where memory ends: the BDOS begins here
tail            equ 0080h               ; length, then the text

; On an 8080, P is the parity of every result, and that of 0 is even; on a Z80 it is the overflow of a subtraction. Up to
; the jump there are no instructions but the 8080's. Carry is clear from there on.
start:
        sub a
        ld de,no_z80_text
        jp pe,refuse
        ld hl,(bdos_base)
        ld de,memory_end
        sbc hl,de
        jr c,no_memory
        ld (caller_stack),sp
        ld sp,stack_top
{%- if remembers %}
        call net_start
{%- endif %}
{%- if enables %}
        call find_interrupts
{%- endif %}
{%- if file %}
        call file_open
{%- endif %}
        ld hl,tail
        ld b,(hl)
        inc hl
{%- if as_typed %}
        ld a,b
        or a
        jr z,greet
        dec b                           ; the space that the CCP leaves in front
        inc hl
{%- endif %}
{%- if inputs %}
        call take_values
{%- endif %}
        call set_query
        jr z,greet
        call net_answer
        call newline
        jr exit

greet:
        ld de,greeting
        ld c,9
        call bdos
chat:
        ld de,prompt
        ld c,9
        call bdos
{%- if streams %}
        call line_begin
chat_next:
        ld c,1                          ; characters as they come: function 10 holds 255
        call bdos
        cp 13
        jr z,chat_line
        cp 3
        jr z,exit
        call line_take
        jr chat_next
chat_line:
        call newline
        call line_end
{{- chat::answer_taken() }}
{%- else %}
        ld de,line
        ld a,{{ max_query }}
        ld (de),a
        ld c,10
        call bdos
        call newline
        ld hl,line+1
        ld b,(hl)
        inc hl
{{- chat::answer_line() }}
{%- endif %}

; Back to the CCP: with RET where it is still in memory, by a warm boot where this program lies over it.
; The CCP fills the 0806h bytes before the BDOS entry.
exit:
        ld hl,(bdos_base)
        ld de,memory_end+0806h
        or a
        sbc hl,de
        jp c,0
        ld sp,(caller_stack)
        ret

no_memory:
        ld de,no_memory_text
refuse:
        ld c,9
        jp bdos                         ; returns to the CCP: nothing has been touched

no_z80_text:    db "this program needs a Z80",13,10,"$"
no_memory_text: db "not enough memory: BDOS below "  ; and memory_end in hexadecimal
{{- chat::hexadecimal(value="memory_end") }}
        db "h",13,10,"$"
greeting:       db {{ chat::greeting(name=name) }},13,10,"$"
prompt:         db "> $"

newline:
        ld a,13
        call emit
        ld a,10
; Prints the character in A. Any register may change.
emit:
        ld e,a
{%- if tab_used %}
        ld c,6                          ; function 2 would expand a TAB
        cp 9
        jp z,bdos
{%- endif %}
        ld c,2
        jp bdos

{%- if enables %}

; Weight streams are read and start values written through SP with interrupts off. If they were off when the program was
; started, they stay off: nobody may be there to handle one. LD A,I can report them off by mistake
; when one arrives just then (NMOS Z80), so it is asked twice.
find_interrupts:
        ld a,i
        ret pe
        ld a,i
        ret pe
        xor a                           ; NOP in the place of each EI
{%- for label in enables %}
        ld ({{ label }}),a
{%- endfor %}
        ret
{%- endif %}

{%- if inputs %}
; Words NAME=NUMBER in front of the tail are what tools read. HL: the tail, B: its bytes; then what is left of it.
take_values:
        ld de,input_names
        ld ix,tool_values
take_name:
        push hl
        push bc
take_letter:
        ld a,(de)
        inc de
        or a
        jr z,take_named
        ld c,a
        ld a,b
        or a
        jr z,take_skip
        ld a,(hl)
        inc hl
        dec b
        cp 'a'
        jr c,take_capital
        cp 'z'+1
        jr nc,take_capital
        sub 32
take_capital:
        cp c
        jr z,take_letter
take_skip:                              ; past what is left of the name
        ld a,(de)
        inc de
        or a
        jr nz,take_skip
take_other:
        pop bc
        pop hl
        ld a,(de)
        or a
        ret z                           ; none of them: here the query begins
        inc ix
        inc ix
        jr take_name
take_named:
        ld a,b
        or a
        jr z,take_other
        ld a,(hl)
        cp '='
        jr nz,take_other
        pop af
        pop af
        ld de,0
        ld c,0                          ; digits
take_digit:
        inc hl
        dec b
        jr z,take_end
        ld a,(hl)
        cp ' '
        jr z,take_end
        sub '0'
        jr c,take_wrong
        cp 10
        jr nc,take_wrong
        inc c
        push hl
        ld h,d
        ld l,e
        add hl,hl
        jr c,take_wrong
        add hl,hl
        jr c,take_wrong
        add hl,de
        jr c,take_wrong
        add hl,hl
        jr c,take_wrong
        ld e,a
        ld d,0
        add hl,de
        jr c,take_wrong
        ex de,hl
        pop hl
        jr take_digit
take_end:
        ld a,c
        or a
        jr z,take_wrong
        ld (ix+0),e
        ld (ix+1),d
take_space:
        ld a,b
        or a
        ret z
        ld a,(hl)
        cp ' '
        jp nz,take_values
        inc hl
        dec b
        jr take_space
take_wrong:
        ld de,values_text
        ld c,9
        call bdos
        jp exit
input_names:
{%- for input in inputs %}
        db "{{ input.name }}",0
{%- endfor %}
        db 0
values_text:    db "a number up to 65535 belongs behind {% for input in inputs %}{{ input.name }}={% if not loop.last %} or {% endif %}{% endfor %}",13,10,"$"
{%- endif %}
