{%- import "multiply.asm" as multiply -%}
{#- What becomes of a sum that is most often within a byte: one product of bytes by quarters of squares, shifted, rounded,
    saturated and stored; other sums go the way of all.

    s.name; s.back: where it goes on; s.kind, s.shift, s.bias: as in rescale.asm; s.zero: a mantissa may be 0; s.closed: bytes below 0 are as good as 0; s.tail: the
    way of all. -#}
{% macro quick(s) %}
; A sum times the mantissa C / 2^{{ s.shift }}, rounded, {% if s.bias %}a bias added, {% endif %}saturated: {{ s.kind }}. B: the low byte of the sum, A: (s - l) modulo
; 255, of which the flags tell.
{{ s.name }}:
        jr z,{{ s.name }}_plus
        inc a
        jr z,{{ s.name }}_zero          ; 255 is 0
        inc a
        jp nz,{{ s.name }}_large
{%- if s.closed %}
        jp {{ s.name }}_store           ; a gate is closed by all that is not above 0
{%- else %}
{{- multiply::quarters(name=s.name ~ "_minus") }}
        sub c                           ; B was taken as 256 more: -65,536 is missing
{%- if s.zero %}
        jr nc,{{ s.name }}_shift        ; the mantissa is 0
{%- endif %}
{{- self::minus(s=s) }}
        jr {{ s.name }}_store
{%- endif %}
{{ s.name }}_plus:
{{ s.name }}_zero:
{{- multiply::quarters(name=s.name) }}
{{ s.name }}_shift:
{{- self::plus(s=s) }}
{{ s.name }}_store:
{{- self::store(s=s) }}
        jp {{ s.back }}
{{ s.name }}_large:
        sub 2
        jp p,{{ s.name }}_upper
        inc a                           ; 128 to 255 stand for -127 to 0
{{ s.name }}_upper:
        ld d,a
        ld e,b
        call multiply_long
        call {{ s.tail }}
        jp {{ s.back }}
{%- if s.eight and s.shift < 9 %}
{{ s.name }}_most:
        ld a,127
        jp {{ s.name }}_store
{%- endif %}
{%- if s.eight and s.shift < 9 and not s.closed %}
{{ s.name }}_least:
        ld a,128
        jp {{ s.name }}_store
{%- endif %}
{%- if s.kind == "add16" and not s.bias %}
{{ s.name }}_over:                      ; A has the wrong sign
        add a,a
        sbc a,a
        dec hl
        ld (hl),a
        inc hl
        xor 80h
        jp {{ s.name }}_high
{%- endif %}
{% endmacro quick %}

{#- A:B, at most 255 * 255, shifted right and rounded: to A, or to HL. -#}
{% macro plus(s) %}
{%- if s.shift > 8 %}
{%- for i in range(end=s.upper - 1) %}
        srl a
{%- endfor %}
        inc a
        srl a
{%- if not s.eight %}
        ld l,a
        ld h,0
{%- endif %}
{%- elif s.eight %}
{%- if s.shift == 0 %}
        or a
        jp nz,{{ s.name }}_most
        or b
        jp m,{{ s.name }}_most
{%- else %}
{%- if s.shift < 8 %}
        cp {{ s.limit }}
        jp nc,{{ s.name }}_most
{%- endif %}
{%- for i in range(end=8 - s.shift) %}
        sla b
        rla
{%- endfor %}
        sla b
        adc a,0
        jp m,{{ s.name }}_most
{%- endif %}
{%- elif s.shift == 0 %}
        ld h,a
        ld l,b
        or a
        jp p,{{ s.name }}_store
        ld hl,32767
{%- elif s.shift < 5 %}
        ld h,a
        ld l,b
{%- for i in range(end=s.shift) %}
        srl h
        rr l
{%- endfor %}
        jr nc,{{ s.name }}_down
        inc hl
{{ s.name }}_down:
{%- else %}
        ld h,a
        ld l,b
        xor a
{{- self::upwards(s=s) }}
        jr nc,{{ s.name }}_down
        inc hl
{{ s.name }}_down:
{%- endif %}
{%- endmacro plus %}

{#- The same of A:B - 65536, below 0. -#}
{% macro minus(s) %}
{%- if s.shift > 8 %}
{%- if s.shift == 9 %}
        add a,1
        ccf
        rra
{%- else %}
        scf
        rra
{%- for i in range(end=s.upper - 2) %}
        sra a
{%- endfor %}
        inc a
        sra a
{%- endif %}
{%- if not s.eight %}
        ld l,a
        add a,a
        sbc a,a
        ld h,a
{%- endif %}
{%- elif s.eight %}
{%- if s.shift == 0 %}
        inc a
        jp nz,{{ s.name }}_least
        or b
        jp p,{{ s.name }}_least
{%- else %}
        cp {{ 256 - s.limit }}
        jp c,{{ s.name }}_least
{%- for i in range(end=8 - s.shift) %}
        sla b
        rla
{%- endfor %}
        sla b
        adc a,0
{%- endif %}
{%- elif s.shift == 0 %}
        ld h,a
        ld l,b
        or a
        jp m,{{ s.name }}_store
        ld hl,8000h
{%- elif s.shift < 5 %}
        scf
        rra
        ld h,a
        rr b
        ld l,b
{%- for i in range(end=s.shift - 1) %}
        sra h
        rr l
{%- endfor %}
        jr nc,{{ s.name }}_up
        inc hl
{{ s.name }}_up:
{%- else %}
        ld h,a
        ld l,b
        ld a,255
{{- self::upwards(s=s) }}
        jr nc,{{ s.name }}_up
        inc hl
{{ s.name }}_up:
{%- endif %}
{%- endmacro minus %}

{#- HL = A:HL / 2^{{ s.shift }}, rounded down; carry: what is dropped is a half or more. -#}
{% macro upwards(s) %}
{%- for i in range(end=8 - s.shift) %}
        add hl,hl
        rla
{%- endfor %}
        sla l
        ld l,h
        ld h,a
{%- endmacro upwards %}

{% macro store(s) %}
{%- if s.bias %}
        ex de,hl
        ld hl,(rows_bias)
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        ld (rows_bias),hl
        ex de,hl
        or a
        adc hl,bc
        call pe,saturate
{%- if s.kind == "store8" %}
        ld a,l
        add a,a
        sbc a,a
        cp h
        ld a,l
        jr z,{{ s.name }}_byte
        ld a,h
        add a,a
        ld a,127
        adc a,0
{{ s.name }}_byte:
{%- endif %}
{%- endif %}
{%- if s.kind == "store8" %}
        ld hl,(rows_out)
        ld (hl),a
        inc hl
        ld (rows_out),hl
{%- elif s.kind == "store16" %}
        ex de,hl
        ld hl,(rows_out)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (rows_out),hl
{%- elif s.kind == "add16" and not s.bias %}
        ex de,hl
        ld hl,(rows_out)
        ld a,(hl)
        add a,e
        ld (hl),a
        inc hl
        ld a,(hl)
        adc a,d
        jp pe,{{ s.name }}_over
{{ s.name }}_high:
        ld (hl),a
        inc hl
        ld (rows_out),hl
{%- else %}
        call {{ s.kind }}
{%- endif %}
{%- endmacro store %}
