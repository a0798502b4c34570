{# Products on chips without MUL. #}

{# A byte times a byte, bit by bit. #}
{% macro routine(s) %}

; r1:r0 becomes r0 times r11, {{ s.cycles }} cycles.
net_mul:
        clr r1
        lsr r0
{%- for bit in range(end=8) %}
        brcc .+2
        add r1, r11
        ror r1
        ror r0
{%- endfor %}
        ret
{%- endmacro routine %}

{# r1:r0 becomes a product of two registers. #}
{% macro mul(s, a, b) %}
{%- if s.multiplies %}
        mul r{{ a }}, r{{ b }}
{%- else %}
        mov r11, r{{ a }}
        mov r0, r{{ b }}
        rcall net_mul
{%- endif %}
{%- endmacro mul %}

{# Triangular numbers: T(n) = n (n - 1) / 2, so that T(x + w) = T(x) + T(w) + x w. Bytes b stand for x = b - 128, and T(n) is entry
   n + 256, its low byte in two pages, its high byte in the two behind them. #}
{% macro table(s) %}
        .balign 256
net_triangles:
{%- for line in s.lines %}
        {{ line }}
{%- endfor %}
{%- endmacro table %}

{# The entry in r1:r0, r31:r30 its place in the lower pages. #}
{% macro entry(s) %}
        lpm r0, Z
        subi r31, -2
        lpm r1, Z
{%- endmacro entry %}

{# One byte and a weight of each output: their sums get T(x + w). Weights lie in flash as w + 128, r13:r12 points to them. #}
{% macro multiply(s) %}
        movw r30, r12
{%- for t in s.terms %}
        lpm r{{ t.weight }}, Z+
{%- endfor %}
        movw r12, r30
{%- for t in s.terms %}
        mov r30, r{{ t.weight }}
        add r30, r18
        ldi r31, hi8(net_triangles)
        adc r31, r14
{{- self::entry(s=s) }}
        add r{{ t.sum.b0 }}, r0
        adc r{{ t.sum.b1 }}, r1
        adc r{{ t.sum.b2 }}, r14
{%- if s.wide %}
        adc r{{ t.sum.b3 }}, r14
{%- endif %}
{%- endfor %}
{%- endmacro multiply %}

{# One byte: r17:r16:r15 gets T(x). #}
{% macro single(s) %}
        mov r30, r18
        ldi r31, hi8(net_triangles+256)
        subi r30, 0x80
        sbc r31, r14
{{- self::entry(s=s) }}
        add r15, r0
        adc r16, r1
        adc r17, r14
{%- endmacro single %}
