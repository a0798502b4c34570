{#- Weights in banks of a large ROM: A's bank shows in a window when A is written to a register.

    row(s): s.name; s.bank: the bank that its first row is in, at its start; s.rows: rows of a bank; s.stride: bytes of a row;
    s.window: the window's address; s.register. -#}
{% macro row(s) %}
; HL: the number of a row. DE: where it is, in its bank, which is shown.
bank_row_{{ s.name }}:
        ld a,{{ s.bank }}
        ld de,{{ s.rows }}
bank_row_{{ s.name }}_bank:
        or a
        sbc hl,de
        jr c,bank_row_{{ s.name }}_found
        inc a
        jr bank_row_{{ s.name }}_bank
bank_row_{{ s.name }}_found:
        ld ({{ s.register }}),a
        add hl,de
        ld b,h
        ld c,l
        ld hl,{{ s.window }}
        ld de,{{ s.stride }}
        call index
        ex de,hl
        ret
{% endmacro row %}
