{#- Lines of numbers become bytes. A number is a '-' or none, digits, and a '.' with digits or none, one digit at least. Spaces,
    tabs, commas and semicolons stand between numbers; a line with anything else, or with another number of them, is none. -#}

{#- s.decimals: digits behind the point that count; s.count: values; s.several: each value has a line of its own. -#}
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

; (net_value), negative where A is 1, times a factor, plus an offset, shifted right: seven bytes at net_product. HL: their record,
; and then the next. Changes all registers.
net_line:
        ld (net_carry),a
        push hl
        pop ix                          ; factor 0 to 2, offset 3 to 9, sign and shift 10
        ld hl,(net_value)
        ld (net_product),hl
        ld a,(net_value+2)
        ld (net_product+2),a
        ld hl,0                         ; C:HL: the upper half of the product
        ld c,l
        ld b,24
net_line_bit:
        ld a,(net_product)
        rra
        jr nc,net_line_zero
        ld e,(ix+0)
        ld d,(ix+1)
        add hl,de
        ld a,c
        adc a,(ix+2)
        ld c,a
net_line_zero:
        ld a,c
        rra                             ; the carry of the sum, or 0
        ld c,a
        rr h
        rr l
        push hl
        ld hl,net_product+2
        rr (hl)
        dec hl
        rr (hl)
        dec hl
        rr (hl)
        pop hl
        djnz net_line_bit
        ld (net_product+3),hl
        ld a,c
        ld (net_product+5),a
        xor a
        ld (net_product+6),a
        ld a,(net_carry)
        rrca
        xor (ix+10)
        rla                             ; carry: the product is negative
        ld hl,net_product
        push ix
        pop de
        inc de
        inc de
        inc de
        ld b,7
        jr c,net_line_less
        or a
net_line_plus:
        ld a,(de)
        adc a,(hl)
        ld (hl),a
        inc de
        inc hl
        djnz net_line_plus
        jr net_line_shift
net_line_less:
        or a
net_line_minus:
        ld a,(de)
        sbc a,(hl)
        ld (hl),a
        inc de
        inc hl
        djnz net_line_minus
net_line_shift:
        ld a,(ix+10)
        and 7Fh
net_line_bytes:
        sub 8
        jr c,net_line_bits
        push af
        ld hl,net_product+1
        ld de,net_product
        ld bc,6
        ldir
        dec hl
        ld a,(hl)
        add a,a
        sbc a,a
        ld (hl),a
        pop af
        jr net_line_bytes
net_line_bits:
        add a,8
        jr z,net_line_end
        ld b,a
net_line_right:
        ld hl,net_product+6
        sra (hl)
{%- for i in range(end=6) %}
        dec hl
        rr (hl)
{%- endfor %}
        djnz net_line_right
net_line_end:
        ld de,11
        add ix,de
        push ix
        pop hl
        ret
{%- endmacro read %}

{# Results as text: s.count of them, s.decimals digits behind the point, s.several: each has a line of its own. #}
{% macro tell(s) %}

; Prints the results as numbers, with spaces between them.
net_tell:
        ld hl,{{ s.count }}
        ld (net_left),hl
        ld hl,net_logits
        ld (net_at),hl
        ld hl,net_format
        ld (net_line_at),hl
net_tell_next:
        ld hl,(net_at)
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld (net_at),hl
        ld a,d
        add a,a
        sbc a,a
        ld c,a                          ; the size and the sign
        ld a,e
        xor c
        ld e,a
        ld a,d
        xor c
        ld d,a
        ex de,hl
        ld a,c
        and 1
        ld e,a
        ld d,0
        add hl,de
        ld (net_value),hl
        ld hl,net_value+2
        ld (hl),d
        ld hl,(net_line_at)
        call net_line
{%- if s.several %}
        ld (net_line_at),hl
{%- endif %}
        ld a,(net_product+6)
        or a
        jp p,net_tell_digits
        ld hl,net_product
        ld b,7
        or a
net_tell_minus:
        ld a,0
        sbc a,(hl)
        ld (hl),a
        inc hl
        djnz net_tell_minus
        ld a,'-'
        call emit
net_tell_digits:
        ld hl,net_digits
        ld c,0                          ; digits
net_tell_digit:
        push hl
        xor a                           ; the rest
        ld b,56
net_tell_bit:
        ld hl,net_product
        sla (hl)
{%- for i in range(end=6) %}
        inc hl
        rl (hl)
{%- endfor %}
        rla
        cp 10
        jr c,net_tell_less
        sub 10
        ld hl,net_product
        inc (hl)
net_tell_less:
        djnz net_tell_bit
        pop hl
        add a,'0'
        ld (hl),a
        inc hl
        inc c
        ld a,c
        cp {{ s.decimals + 1 }}
        jr c,net_tell_digit
        push hl
        ld hl,net_product
        xor a
        ld b,7
net_tell_any:
        or (hl)
        inc hl
        djnz net_tell_any
        pop hl
        or a
        jr nz,net_tell_digit
net_tell_out:
{%- if s.decimals > 0 %}
        ld a,c
        cp {{ s.decimals }}
        jr nz,net_tell_whole
        push hl
        push bc
        ld a,'.'
        call emit
        pop bc
        pop hl
net_tell_whole:
{%- endif %}
        dec hl
        push hl
        push bc
        ld a,(hl)
        call emit
        pop bc
        pop hl
        dec c
        jr nz,net_tell_out
        ld hl,(net_left)
        dec hl
        ld (net_left),hl
        ld a,h
        or l
        ret z
        ld a,' '
        call emit
        jp net_tell_next
{%- endmacro tell %}
