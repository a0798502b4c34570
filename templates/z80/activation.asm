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
{%- if s.looked %}
; g * u, shifted by (rotate_tail). HL: g, (rows_out): u, where the products go; u may be anything where g is 0.
gate:
        ld a,(hl)
        inc hl
{%- else %}
; table[g] * u, shifted by (rotate_tail). HL: g, (rows_out): u, where the products go; (gate_table): the page of the table.
gate:
        ld a,(gate_table)
        ld d,a
        ld e,(hl)
        inc hl
        ld a,(de)
{%- endif %}
        or a
        jr z,gate_closed
        ld e,a
        push hl
        push bc
        ld hl,(rows_out)
        ld c,(hl)
; HL = E * C, both signed: f(E-C) and f(E+C) are quarters of squares.
        sub c
        ld l,a
        ld h,quarters/256
        jp pe,gate_minus_over
        jp p,gate_minus
gate_minus_less:
        dec h
gate_minus:
        ld b,(hl)
        inc h
        inc h
        inc h
        ld d,(hl)
        ld a,e
        add a,c
        ld l,a
        ld h,quarters/256
        jp pe,gate_plus_over
        jp p,gate_plus
gate_plus_less:
        dec h
gate_plus:
        ld a,(hl)
        sub b
        ld b,a
        inc h
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
; the sign that a byte shows is the wrong one
gate_minus_over:
        jp p,gate_minus_less
        jp gate_minus
gate_plus_over:
        jp p,gate_plus_less
        jp gate_plus
gate_closed:
        push hl
        call store8
        pop hl
        djnz gate
        ret
{% endmacro gate %}
