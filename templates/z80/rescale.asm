{#- What becomes of a sum: times the mantissa, shifted, rounded, saturated, stored. -#}
{#- sink(s): s.name, s.multiply, s.tail: labels. -#}
{% macro sink(s) %}
{{ s.name }}:
        call {{ s.multiply }}
        jp {{ s.tail }}
{% endmacro sink %}

{#- tail(s): A:HL shifted right by s.shift, rounded. s.eight: to 8 bits, with s.lefts doublings and then s.rights; s.bias;
    s.kind: what it goes on at: store8, store16, add16, choose; give: it returns with the result in HL. -#}
{% macro tail(s) %}
; A:HL / 2^{{ s.shift }}, rounded, {% if s.bias %}a bias added, {% endif %}saturated: {{ s.kind }}
{{ s.name }}:
{%- if s.eight %}
{%- if s.shift > 16 %}
{%- for i in range(end=s.shift - 17) %}
        sra a
{%- endfor %}
        inc a
        sra a
{%- elif s.shift > 8 and s.shift < 13 %}
{%- for i in range(end=s.shift - 9) %}
        sra a
        rr h
{%- endfor %}
        ld l,h
        ld h,a
        inc hl                          ; half, before the last bit goes
        sra h
        rr l
        ld a,l
        add a,a
        sbc a,a
        cp h                            ; 8 bits are enough where the upper byte is the sign of the lower one
        ld a,l
        jp z,store8
        ld a,h
        add a,a
        ld a,127                        ; carry: the sign
        adc a,0
{%- elif s.shift > 8 %}
{%- for i in range(end=16 - s.shift) %}
        add hl,hl
        adc a,a
        jp pe,{{ s.name }}_most
{%- endfor %}
        add hl,hl
        adc a,0
        jp po,store8
{{ s.name }}_most:
        ld a,127                        ; carry: the sign
        adc a,0
{%- else %}
{%- for i in range(end=8 - s.shift) %}
        add hl,hl
        adc a,a
        jp pe,{{ s.name }}_most
{%- endfor %}
        ld b,a
        sla l
        ld a,h
        adc a,0
        ld l,a
        ld a,b
        adc a,0
        jp pe,{{ s.name }}_most
        ld h,a
        ld a,l
        add a,a
        sbc a,a
        cp h                            ; 8 bits are enough where the upper byte is the sign of the lower one
        ld a,l
        jp z,store8
        ld a,h
        add a,a
{{ s.name }}_most:
        ld a,127                        ; carry: the sign
        adc a,0
{%- endif %}
        jp store8
{%- else %}
{%- if s.shift > 16 %}
{%- for i in range(end=s.shift - 17) %}
        sra a
{%- endfor %}
        inc a
        sra a
        ld l,a
        add a,a
        sbc a,a
        ld h,a
{%- elif s.shift > 13 %}
        ld c,a
        ld b,a
        sla b
        sbc a,a                         ; A:C:HL
        ld b,a
        ld a,c
{%- for i in range(end=16 - s.shift) %}
        add hl,hl
        rla
        rl b
{%- endfor %}
        add hl,hl
        adc a,0
        ld l,a
        ld a,b
        adc a,0
        ld h,a
{%- elif s.shift > 8 %}
{%- for i in range(end=s.shift - 9) %}
        sra a
        rr h
{%- endfor %}
        ld l,h
        ld h,a
        inc hl
        sra h
        rr l
{%- elif s.shift > 0 and s.shift < 4 %}
{%- for i in range(end=s.shift) %}
        sra a
        rr h
        rr l
{%- endfor %}
        ld bc,0                         ; carry: the last bit that went
        adc hl,bc
        adc a,c
        ld b,a
        ld a,h
        add a,a
        sbc a,a
        cp b                            ; 16 bits are enough where the upper byte is the sign of the others
        jr z,{{ s.name }}_done
        ld a,b
        add a,a
        ld hl,32767                     ; carry: the sign
        ld b,c
        adc hl,bc
{{ s.name }}_done:
{%- else %}
{%- for i in range(end=8 - s.shift) %}
        add hl,hl
        adc a,a
        jp pe,{{ s.name }}_most
{%- endfor %}
        sla l
        ld l,h
        ld h,a
        ld bc,0
        adc hl,bc
        jp po,{{ s.name }}_done
{{ s.name }}_most:
        ld hl,32767                     ; carry: the sign
        ld bc,0
        adc hl,bc
{{ s.name }}_done:
{%- endif %}
{{- self::finish(s=s) }}
{%- endif %}
{% endmacro tail %}

{#- exact(s): the same of a product that multiply_wide made, for small shifts; s.shift: at most 8. -#}
{% macro exact(s) %}
; A:HL and (multiply_low) below / 2^{{ s.shift }}, rounded, {% if s.bias %}a bias added, {% endif %}saturated: {{ s.kind }}
{{ s.name }}:
        ld de,(multiply_low)
{%- for i in range(end=8 - s.shift) %}
        sla e
        adc hl,hl
        adc a,a
        jp pe,{{ s.name }}_most
{%- endfor %}
        sla e
        ld de,0
        adc hl,de
        adc a,d
        jp pe,{{ s.name }}_most
        ld b,a
        ld a,h
        add a,a
        sbc a,a
        cp b                            ; 16 bits are enough where the upper byte is the sign of the others
        jr z,{{ s.name }}_done
        ld a,b
        add a,a
{{ s.name }}_most:
        ld hl,32767                     ; carry: the sign
        ld bc,0
        adc hl,bc
{{ s.name }}_done:
{{- self::finish(s=s) }}
{% endmacro exact %}

{#- What is left where a result has 16 bits. -#}
{% macro finish(s) %}
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
{%- endif %}
{%- if s.kind == "store8" %}
        ld a,l
        add a,a
        sbc a,a
        cp h
        ld a,l
        jp z,store8
        ld a,h
        add a,a
        ld a,127
        adc a,0
{%- endif %}
{%- if s.kind == "give" %}
        ret
{%- else %}
        jp {{ s.kind }}
{%- endif %}
{% endmacro finish %}

{% macro stores(s) %}
; Where results go: (rows_out) is the place.
store8:
        ld hl,(rows_out)
        ld (hl),a
        inc hl
        ld (rows_out),hl
        ret
store16:
        ex de,hl
        ld hl,(rows_out)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (rows_out),hl
        ret
; to the value that is there
add16:
        ex de,hl
        ld hl,(rows_out)
        ld c,(hl)
        inc hl
        ld b,(hl)
        dec hl
        ex de,hl
        or a
        adc hl,bc
        call pe,saturate
        ex de,hl
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (rows_out),hl
        ret
; HL after an addition that overflowed: 32767 or -32768, by the wrong sign that it has now
saturate:
        ld a,h
        add a,a
        ld hl,32767
        ret c
        inc hl
        ret
{% endmacro stores %}

{#- HL to a byte: s.shift 0 to 15. -#}
{% macro word(s) %}
; HL / 2^{{ s.shift }}, rounded, saturated to 8 bits: store8
{{ s.name }}:
{%- if s.shift > 8 %}
        ld a,h
{%- for i in range(end=s.shift - 8) %}
        sra a
{%- endfor %}
        adc a,0
        jp store8
{%- elif s.shift > 3 %}
        ld a,h
{%- if s.shift < 8 %}
        add a,{{ s.limit }}
        cp {{ 2 * s.limit }}
        jr nc,{{ s.name }}_most         ; the upper bits are not all the sign
{%- for i in range(end=8 - s.shift) %}
        add hl,hl
{%- endfor %}
        ld a,h
{%- endif %}
        sla l
        adc a,0
        jp po,store8
        ld a,127
        jp store8
{{ s.name }}_most:
        ld a,h
        add a,a
        ld a,127
        adc a,0
        jp store8
{%- else %}
{%- for i in range(end=s.shift) %}
        sra h
        rr l
{%- endfor %}
{%- if s.shift > 0 %}
        jr nc,{{ s.name }}_down
        inc hl
{{ s.name }}_down:
{%- endif %}
        ld a,l
        add a,a
        sbc a,a
        cp h
        ld a,l
        jp z,store8
        ld a,h
        add a,a
        ld a,127
        adc a,0
        jp store8
{%- endif %}
{% endmacro word %}
