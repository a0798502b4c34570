{% import "arithmetic.S" as arithmetic %}
{% macro relu(s) %}
; ---- net_relu: X: r24 bytes (0: 256), of which negative ones become 0: 10 cycles each. Changes r0, r24, X ----
net_relu:
        ld r0, X
        sbrc r0, 7
        clr r0
        st X+, r0
        dec r24
        brne net_relu
        ret
{%- endmacro relu %}

{% macro table(s) %}
; ---- net_look: X: r24 bytes (0: 256), each becomes its entry in the table of page r31: 11 cycles. Changes r0, r24, X, Z ----
net_look:
        ld r30, X
        lpm r0, Z
        st X+, r0
        dec r24
        brne net_look
        ret
{%- endmacro table %}

{% macro gate(s) %}
; ---- {{ s.name }}: X: gates{% if s.looked %}, looked up{% endif %}, Y: values and results, r24 of both (0: 256){% if not s.looked %}, r31: the page of the gates' table{% endif %} ----
; Changes r0, r16 to r20, r24, X, Y, Z. {{ s.cycles }} cycles each.
{{ s.name }}:
{%- if s.looked %}
        ld r20, X+
{%- else %}
        ld r30, X+
        lpm r20, Z
{%- endif %}
        ld r16, Y
        muls r16, r20
        movw r16, r0
{%- if s.bytes == 3 %}
        sbc r18, r18
{%- endif %}
{{ arithmetic::round_shift(lo=16, bytes=s.bytes, sh=s.sh) }}
{{ arithmetic::sat8(lo=16 + s.sh.first, count=s.bytes - s.sh.drop, temp=20, label=s.name ~ "_fits") }}
        st Y+, r{{ 16 + s.sh.first }}
        dec r24
        brne {{ s.name }}
        clr r1
        ret
{%- endmacro gate %}
