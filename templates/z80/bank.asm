{#- Weights in banks, of which one shows in a window: A's bank when A is written to a register, or what a list has for it is
    sent to a port.

    row(s): s.name; s.bank: the bank that its first row is in; s.rows: rows of a bank, of which there could be s.before in
    front of the first; s.stride: bytes of a row; s.window: the window's address; s.register, if there is one. -#}
{% macro row(s) %}
; HL: the number of a row. DE: where it is, in its bank, which is shown.
bank_row_{{ s.name }}:
{%- if s.before %}
        ld de,{{ s.before }}
        add hl,de
{%- endif %}
        ld a,{{ s.bank }}
        ld de,{{ s.rows }}
bank_row_{{ s.name }}_bank:
        or a
        sbc hl,de
        jr c,bank_row_{{ s.name }}_found
        inc a
        jr bank_row_{{ s.name }}_bank
bank_row_{{ s.name }}_found:
{%- if s.register is number %}
        ld ({{ s.register }}),a
        add hl,de
        ld b,h
        ld c,l
{%- else %}
        add hl,de
        push hl
        ld hl,bank_selects
        ld b,0
        ld c,a
        add hl,bc
        ld a,(hl)
        call show_page
        pop bc
{%- endif %}
        ld hl,{{ s.window }}
        ld de,{{ s.stride }}
        call index
        ex de,hl
        ret
{% endmacro row %}
