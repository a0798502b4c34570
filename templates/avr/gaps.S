{%- import "flash.S" as flash -%}
{# The kernels of gaps: Z is a column in flash (or the SPI brings it), X one before a tile's low bytes; r24 (and r25) is what is added to the
   outputs of the column's first list and subtracted from those of its second. YH is the page of the high bytes, r20 a
   copy of XL. Changes r0, r16, r18, X, YL and Z.

   A byte has two nibbles, the low one first. AND finds the gap and, as its zero, the escapes. #}
{% macro kernel(s) %}
; ---- {{ s.name }}: {{ s.about }} --------------------
{{ s.name }}:
{%- if s.data %}
{{- flash::pause(cycles=8) }}{# the first byte is on its way #}
{%- endif %}
{{- self::list(k=s, op="add", name=s.name ~ "_add") }}
{{- self::list(k=s, op="sub", name=s.name ~ "_sub") }}
{%- endmacro kernel %}

{# One list. A nibble of 0 is an escape; what it means, the next one says: 1 to 13 are 15 more, 14 is the same output
   again, 15 goes on by 28, 0 ends the list. The code behind an escape runs on in the other half of the loop.

   From one byte that the SPI brings to the next there are 18 cycles. Two outputs take more, whatever is added; where a byte has less
   to do there is a pause. What a byte takes at least, from `out` to `out`: 23 for two outputs, 21 for a far one, 16 for a step of 28 and
   13 for the end of the first list (with pauses 18); up to an escape in the upper half 15 where bytes count, 16 else (with one 18). #}
{% macro list(k, op, name) %}
{{ name }}_low:
{{- flash::load(s=k, to=18, work=16) }}
        mov r16, r18
        andi r16, 15
        breq {{ name }}_low_escape
{{ name }}_low_go:
        add r26, r16
{{- self::accumulate(k=k, op=op, name=name ~ "_low") }}
{{ name }}_high:
        swap r18
        andi r18, 15
        breq {{ name }}_high_escape
{{ name }}_high_go:
        add r26, r18
{{- self::accumulate(k=k, op=op, name=name ~ "_high") }}
        rjmp {{ name }}_low
{{ name }}_low_escape:
        swap r18
        andi r18, 15
        breq {{ name }}_low_end
        subi r26, -15
        cpi r18, 14
        brlo {{ name }}_high_go
        breq {{ name }}_low_again
        subi r26, -13
{{- self::gap(k=k, cycles=2) }}
        rjmp {{ name }}_low
{{ name }}_low_again:
        subi r26, 15+14
        rjmp {{ name }}_high_go
{{ name }}_high_escape:
{%- if k.kind == "count" %}
{{- flash::load(s=k, to=18, work=13) }}
{%- else %}
{{- flash::load(s=k, to=18, work=14) }}
{%- endif %}
        mov r16, r18
        andi r16, 15
        breq {{ name }}_high_end
        subi r26, -15
        cpi r16, 14
        brlo {{ name }}_low_go
        breq {{ name }}_high_again
        subi r26, -13
        rjmp {{ name }}_high
{{ name }}_high_again:
        subi r26, 15+14
        rjmp {{ name }}_low_go
{%- if op == "add" %}
{{ name }}_low_end:
        mov r26, r20
{{- self::gap(k=k, cycles=5) }}
        rjmp {{ k.name }}_sub_low
{{ name }}_high_end:
        mov r26, r20
{{- self::gap(k=k, cycles=3) }}
        rjmp {{ k.name }}_sub_high
{%- else %}
{{ name }}_low_end:
{{ name }}_high_end:
        ret
{%- endif %}
{{- self::fix(k=k, op=op, name=name ~ "_low") }}
{{- self::fix(k=k, op=op, name=name ~ "_high") }}
{%- endmacro list %}

{# Nothing for so many cycles, where the SPI brings bytes. #}
{% macro gap(k, cycles) %}
{%- if k.data %}
{{- flash::pause(cycles=cycles) }}
{%- endif %}
{%- endmacro gap %}

{# The accumulator at X. #}
{% macro accumulate(k, op, name) %}
{%- if k.kind == "count" %}
        ld r0, X
        {% if op == "add" %}inc{% else %}dec{% endif %} r0
        st X, r0
{%- elif k.kind == "byte" %}
        ld r0, X
        {{ op }} r0, r24
        st X, r0
        brcs {{ name }}_carry
{{ name }}_back:
{%- else %}
        mov r28, r26
        ld r0, X
        {{ op }} r0, r24
        st X, r0
        ld r0, Y
        {% if op == "add" %}adc{% else %}sbc{% endif %} r0, r25
        st Y, r0
{%- endif %}
{%- endmacro accumulate %}

{# The carry of a byte into the high byte of its accumulator: seldom needed, so out of the way. #}
{% macro fix(k, op, name) %}
{%- if k.kind == "byte" %}
{{ name }}_carry:
        mov r28, r26
        ld r0, Y
        {% if op == "add" %}inc{% else %}dec{% endif %} r0
        st Y, r0
        rjmp {{ name }}_back
{%- endif %}
{%- endmacro fix %}
