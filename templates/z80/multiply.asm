{#- Products of a word and a byte. -#}
{#- A:B = E * C, bytes without signs, by quarters of squares. D is lost. -#}
{% macro quarters() %}
        ld a,e
        sub c
        ld l,a
        sbc a,a
        add a,quarters/256
        ld h,a
        ld b,(hl)
        inc h
        inc h
        inc h
        ld d,(hl)
        ld a,e
        add a,c
        ld l,a
        ld a,quarters/512
        adc a,a
        ld h,a
        ld a,(hl)
        sub b
        ld b,a
        inc h
        inc h
        inc h
        ld a,(hl)
        sbc a,d
{%- endmacro quarters %}
{% macro code(s) %}
; A:HL = DE * C, DE signed, C not. C and DE are kept, B is not. Quick where DE is -256 to 255: one product of bytes by
; quarters of squares, about 170 T-states with `ret`; else 26 more than multiply_long.
multiply:
        ld a,d
        or a
        jr z,multiply_byte
        inc a
        jr nz,multiply_long
{{- self::quarters() }}
        sub c                           ; E was taken as 256 more
        ld h,a
        ld l,b
        sbc a,a
        ld d,255
        ret
multiply_byte:
{{- self::quarters() }}
        ld h,a
        ld l,b
        ld d,0
        ld a,d
        ret

; The same, 230 to 330 T-states. B is kept.
multiply_long:
        ld hl,0
        ld a,c
        add a,a
        jr nc,multiply_1
        ld h,d
        ld l,e
{%- for i in range(start=1, end=8) %}
multiply_{{ i }}:
        add hl,hl
        rla                             ; the next bit of C leaves A where the product enters it
        jr nc,multiply_{{ i + 1 }}
        add hl,de
        adc a,0
{%- endfor %}
multiply_8:
        bit 7,d
        ret z
        sub c                           ; DE was taken as 65536 more
        ret

; A:HL = DE * C, both signed. C is kept; B changes.
multiply_signed:
        call multiply
        bit 7,c
        ret z
        ld b,a                          ; C was taken as 256 more
        ld a,h
        sub e
        ld h,a
        ld a,b
        sbc a,d
        ret


; A:HL = A:DE * C / 256, rounded down; the byte that is dropped is in (multiply_low). A:DE signed, C not.
multiply_wide:
        ld b,a
        call multiply_long
        ld (multiply_low),hl
        bit 7,d
        jr z,multiply_wide_unsigned
        add a,c                         ; DE is not signed here
multiply_wide_unsigned:
        ld e,h                          ; the product is A:E, with what B*C gives above
        ld d,a
        ld a,b
        or a
        jr z,multiply_wide_zero
        inc a
        jr z,multiply_wide_minus
        push de
        ld e,b
        ld a,b
        add a,a
        sbc a,a
        ld d,a
        call multiply
        pop de
        jr multiply_wide_add
multiply_wide_zero:
        ld a,d
        ld l,e
        ld h,a
        xor a
        ret
multiply_wide_minus:
        ld l,a                          ; 0 - C
        ld h,a
        ld a,l
        sub c
        ld l,a
        sbc a,a
        ld h,a
multiply_wide_add:
        ld a,l                          ; HL + D
        add a,d
        ld l,a
        ld a,h
        adc a,0
        ld h,l
        ld l,e
        ret
{% endmacro code %}
