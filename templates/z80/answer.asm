{#- What becomes of results, and lines of numbers: a factor, what is added, and a shift. -#}

{% macro line(s) %}

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
{%- endmacro line %}

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

{# The first largest of s.count results; s.count itself where another one is less than s.margin below it. #}
{% macro decide(s) %}

; The index of the largest result, the first of several: HL. Changes all registers.
net_decide:
        ld hl,net_logits
        ld c,(hl)
        inc hl
        ld b,(hl)                       ; BC: the largest so far
        inc hl
        ld de,0
        ld (net_best),de
{%- if s.count > 1 %}
        ld (net_left),de
net_decide_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld hl,(net_left)
        inc hl
        ld (net_left),hl
        ld a,c                          ; BC - DE, with signs
        sub e
        ld a,b
        sbc a,d
        jp po,net_decide_signs
        xor 80h
net_decide_signs:
        jp p,net_decide_not
        ld b,d
        ld c,e
        ld (net_best),hl
net_decide_not:
        ld de,{{ s.count - 1 }}
        or a
        sbc hl,de
        pop hl
        jr nz,net_decide_next
{%- if s.margin > 0 %}
        ld hl,0
        ld (net_left),hl
        ld hl,net_logits
net_decide_near:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld h,b                          ; never negative: 0 to 65535
        ld l,c
        or a
        sbc hl,de
        ld a,h
        or a
        jr nz,net_decide_far
        ld a,l
        cp {{ s.margin }}
        jr nc,net_decide_far
        ld hl,(net_left)                ; near, but for itself
        ld de,(net_best)
        or a
        sbc hl,de
        jr z,net_decide_far
        pop hl
        ld hl,{{ s.count }}
        ret
net_decide_far:
        pop hl
        ld de,(net_left)
        inc de
        ld (net_left),de
        ld a,e
        cp {{ s.low }}
        jr nz,net_decide_near
        ld a,d
        cp {{ s.high }}
        jr nz,net_decide_near
{%- endif %}
{%- endif %}
        ld hl,(net_best)
        ret
{%- endmacro decide %}
