{# What columns that call it share. #}
{% macro code(s) %}
; Carry out of, or borrow into, an accumulator's low byte: HL points at the low byte and stays.
carry:
        inc h
        inc (hl)
        dec h
        ret
borrow:
        inc h
        dec (hl)
        dec h
        ret
{%- endmacro code %}
