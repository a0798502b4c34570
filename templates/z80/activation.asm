{#- What is between the two matrices of a feed-forward layer: bytes at HL, B of them (0: 256). -#}
{% macro relu(s) %}
relu:
        bit 7,(hl)
        jr z,relu_next
        ld (hl),0
relu_next:
        inc hl
        djnz relu
        ret
{% endmacro relu %}

{% macro table(s) %}
; D: the page of the table.
activate:
        ld e,(hl)
        ld a,(de)
        ld (hl),a
        inc hl
        djnz activate
        ret
{% endmacro table %}

{% macro gate(s) %}
; table[g] * u, shifted by (rotate_tail). HL: g, (gate_up): u, (gate_table): the page of the table.
gate:
        ld a,(gate_table)
        ld d,a
        ld e,(hl)
        ld a,(de)
        ld e,a
        inc hl
        push hl
        push bc
        ld hl,(gate_up)
        ld c,(hl)
        inc hl
        ld (gate_up),hl
; HL = E * C, both signed: f(E+C) - f(E-C), f(n) = n*n/4, rounded down. Pages: low bytes where a byte is enough for n and
; where it overflows, then high bytes.
        ld a,e
        sub c
        ld l,a
        ld h,quarters_signed/256
        jp po,gate_minus
        inc h
gate_minus:
        ld b,(hl)
        inc h
        inc h
        ld d,(hl)
        ld a,e
        add a,c
        ld l,a
        ld h,quarters_signed/256
        jp po,gate_plus
        inc h
gate_plus:
        ld a,(hl)
        sub b
        ld b,a
        inc h
        inc h
        ld a,(hl)
        sbc a,d
        ld h,a
        ld l,b
{%- if s.tail %}
        call {{ s.tail }}
{%- else %}
        ld de,gate_back
        push de
        ld de,(rotate_tail)
        push de
        ret
gate_back:
{%- endif %}
        pop bc
        pop hl
        djnz gate
        ret
{% endmacro gate %}
