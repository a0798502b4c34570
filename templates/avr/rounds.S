{% import "arithmetic.S" as arithmetic %}
{# What the stream of a recursive network begins with. #}
{% macro begin(s) %}
; ---- net_stream: X: r24 values of 16 bits (0: 256), which go to Y and become those of flash at Z. Changes r0, r24, X, Y, Z ----
net_stream:
{%- for half in ["low", "high"] %}
        ld r0, X
        st Y+, r0
        lpm r0, Z+
        st X+, r0
{%- endfor %}
        dec r24
        brne net_stream
        ret
{%- endmacro begin %}

{# What a recursive network adds before each round. #}
{% macro add(s) %}
; ---- net_add: X: r24 values of 16 bits (0: 256), each gets the one at Y added, saturated: 22 cycles each ----
; r16:r17: a sum, r18:r19: what is added. Changes r16 to r19, r24, X, Y.
net_add:
        ld r16, X+
        ld r17, X
        ld r18, Y+
        ld r19, Y+
        add r16, r18
        adc r17, r19
{{ arithmetic::sat_sum(lo=16, label="net_add_fits") }}
        st X, r17
        st -X, r16
        adiw r26, 2
        dec r24
        brne net_add
        ret
{%- endmacro add %}
