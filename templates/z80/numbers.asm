{#- Lines of numbers become bytes. A number is a '-' or none, digits, and a '.' with digits or none, one digit at least. Spaces,
    tabs, commas and semicolons stand between numbers; a line with anything else, or with another number of them, is none. -#}

{#- How many thresholds of its value the reading is above. HL: net_state; s.several: each value has its own; s.parts: it
    has how many bytes it becomes in front, and thresholds for each of them. -#}
{% macro rank(s) %}
        bit 1,(hl)
        ld hl,(net_value)
        ld a,(net_value+2)
        jr z,net_rank_positive
        ld c,a
        xor a
        sub l
        ld l,a
        ld a,0
        sbc a,h
        ld h,a
        ld a,0
        sbc a,c
net_rank_positive:
        xor 80h                         ; thresholds have 2^23 more
        ld c,a
        ex de,hl
        ld hl,{% if s.several %}(net_line_at){% else %}net_scaling{% endif %}
{%- if s.parts %}
        ld b,(hl)                       ; bytes
        inc hl
net_rank_byte:
        push bc
{%- endif %}
        ld a,80h
        ld (net_top),a
        ld b,(hl)
        inc hl
        inc b
        jr net_rank_count
net_rank_next:
        ld a,(hl)
        sub e
        inc hl
        ld a,(hl)
        sbc a,d
        inc hl
        ld a,(hl)
        sbc a,c
        inc hl
        ld a,(net_top)
        adc a,0
        ld (net_top),a
net_rank_count:
        djnz net_rank_next
{%- if s.parts %}
        pop bc
        dec b
        jr z,net_rank_last
        ld a,(net_top)
        push de
        push hl
        call net_input
        pop hl
        pop de
        jr net_rank_byte
net_rank_last:
{%- endif %}
{%- if s.several %}
        ld (net_line_at),hl
{%- endif %}
        ld a,(net_top)
        jr net_number_take
{%- endmacro rank %}

{#- s.decimals: digits behind the point that count; s.count: values; s.several: each value has a line of its own; s.ranks: it has
    thresholds instead. -#}
{% macro read(s) %}

; Begins a line of numbers. Changes A, BC, DE, HL.
net_begin:
        xor a
        ld (net_state),a
        ld hl,{{ s.first }}
        ld (net_at),hl
        ld hl,{{ s.count }}
        ld (net_left),hl
{%- if s.several %}
        ld hl,net_scaling
        ld (net_line_at),hl
{%- endif %}
{%- if s.border %}
        ld hl,{{ s.row }}
        ld (net_row_left),hl
{{ s.border }}
{%- endif %}

; No number has begun.
net_no_number:
        ld hl,net_state
        ld a,(hl)
        and 54h
        ld (hl),a
        ld hl,0
        ld (net_value),hl
        ld (net_value+2),hl             ; digits behind the point, too
        ret

; Takes the next value, -128 to 127, in A; one too many is nothing. Changes A, DE, HL.
net_input:
        ld e,a
        ld hl,(net_left)
        ld a,h
        or l
        ret z
        dec hl
        ld (net_left),hl
        ld hl,(net_at)
        ld a,e
        xor 80h
        ld (hl),a
        inc hl
{%- if s.border %}
        ex de,hl
        ld hl,(net_row_left)
        dec hl
        ld a,h
        or l
        jr nz,net_input_in_row
        ld hl,{{ s.skip }}
        add hl,de
        ex de,hl
        ld hl,{{ s.row }}
net_input_in_row:
        ld (net_row_left),hl
        ex de,hl
{%- endif %}
        ld (net_at),hl
        ret

; Takes the next character of a line, in A. State: 1: within a number, 2: it is negative, 4: numbers are values, 8: there was a
; point, 16: there was a character, 32: there was a digit, 64: the line is none. Changes all registers.
net_char:
        ld hl,net_state
        bit 4,(hl)
        set 4,(hl)
        jr nz,net_char_next
        cp '#'
        jr nz,net_char_next
        set 2,(hl)
        ret
net_char_next:
        cp '0'
        jr c,net_char_mark
        cp '9'+1
        jr c,net_char_digit
net_char_mark:
        cp '-'
        jr z,net_char_minus
        cp '.'
        jr z,net_char_point
        cp ' '
        jr z,net_char_between
        cp 9
        jr z,net_char_between
        cp ','
        jr z,net_char_between
        cp ';'
        jr z,net_char_between
net_char_wrong:
        set 6,(hl)
        ret
net_char_between:
        bit 0,(hl)
        ret z
        jp net_number
net_char_minus:
        bit 0,(hl)
        jr nz,net_char_wrong
        set 0,(hl)
        set 1,(hl)
        ret
net_char_point:
        ld a,(hl)
        and 0Ch
        jr nz,net_char_wrong
        set 0,(hl)
        set 3,(hl)
        ret
net_char_digit:
        set 0,(hl)
        set 5,(hl)
        bit 3,(hl)
        jr z,net_char_counts
        ld hl,net_behind
        ld e,a
        ld a,(hl)
        cp {{ s.decimals }}
        ret nc
        inc (hl)
        ld a,e
net_char_counts:
        sub '0'

; The reading times ten, and A, but 8,388,607 at most. Changes all registers.
net_more:
        ld c,a
        ld hl,(net_value)
        ld a,(net_value+2)
        add hl,hl
        adc a,a
        ld d,h
        ld e,l
        ld b,a
        add hl,hl
        adc a,a
        jr c,net_more_most
        add hl,hl
        adc a,a
        jr c,net_more_most
        add hl,de
        adc a,b
        jr c,net_more_most
        ld e,c
        ld d,0
        add hl,de
        adc a,d
        jr c,net_more_most
        jp p,net_more_fits
net_more_most:
        ld hl,0FFFFh
        ld a,7Fh
net_more_fits:
        ld (net_value),hl
        ld (net_value+2),a
        ret

; Ends a line: its last number. Changes all registers.
net_end:
        ld hl,net_state
        bit 0,(hl)
        call nz,net_number
        ld hl,(net_left)
        ld a,h
        or l
        ret z
        ld hl,net_state
        set 6,(hl)
        ret

; The number that was read is a value.
net_number:
        ld hl,net_state
        bit 5,(hl)
        jp z,net_char_wrong             ; no digit
        ld de,(net_left)
        ld a,d
        or e
        jp z,net_char_wrong             ; too many
{%- if s.decimals > 0 %}
        bit 2,(hl)
        jr nz,net_number_whole
net_number_digits:
        ld hl,net_behind
        ld a,(hl)
        cp {{ s.decimals }}
        jr nc,net_number_whole
        inc (hl)
        xor a
        call net_more
        jr net_number_digits
net_number_whole:
{%- endif %}
        ld hl,net_state
        bit 2,(hl)
        jr nz,net_number_value
{%- if s.ranks %}
{{- self::rank(s=s) }}
{%- else %}
        ld a,(hl)
        rra
        and 1                           ; the sign
{%- if s.several %}
        ld hl,(net_line_at)
        call net_line
        ld (net_line_at),hl
{%- else %}
        ld hl,net_scaling
        call net_line
{%- endif %}
        ld hl,net_product+6             ; cut to a byte: all above are the sign
        ld a,(hl)
        add a,a
        sbc a,a
        ld c,a
        ld b,6
net_number_sign:
        ld a,(hl)
        cp c
        jr nz,net_number_far
        dec hl
        djnz net_number_sign
        ld a,(hl)
        xor c
        jp m,net_number_far
        xor c
        jr net_number_take
{%- endif %}
net_number_value:
        ld c,0
        bit 1,(hl)
        jr z,net_number_positive
        dec c
net_number_positive:
        ld hl,(net_value+1)
        ld a,h
        or l
        jr nz,net_number_far
        ld a,(net_value)
        cp 128
        jr nc,net_number_far            ; -128 is as far as that
        xor c
        sub c
        jr net_number_take
net_number_far:
        ld a,c
        xor 7Fh
net_number_take:
        call net_input
        jp net_no_number
{%- endmacro read %}
