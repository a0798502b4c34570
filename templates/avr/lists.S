{%- import "gaps.S" as gaps -%}
{%- import "flash.S" as flash -%}
{# The kernels of index lists: as those of gaps, but a list is the low addresses of its outputs, in pieces: a number of
   outputs and they themselves, then the next piece; a number of 0 ends the list.

   From one byte that the SPI brings to the next there are 18 cycles, two of which take it. `work` is what an output takes, with the way
   to the next one; to the next piece it is one more. Where less is to do there is a pause. #}
{% macro kernel(s) %}
; ---- {{ s.name }}: {{ s.about }} --------------------
{{ s.name }}:
{%- if s.kind == "count" %}{% set work = 8 %}{% elif s.kind == "byte" %}{% set work = 9 %}{% else %}{% set work = 14 %}{% endif %}
{{- gaps::gap(k=s, cycles=work - 7) }}{# the first byte is on its way #}
{{- self::list(k=s, op="add", name=s.name ~ "_add", work=work) }}
{{- self::list(k=s, op="sub", name=s.name ~ "_sub", work=work) }}
        ret
{{- gaps::fix(k=s, op="add", name=s.name ~ "_add") }}
{{- gaps::fix(k=s, op="sub", name=s.name ~ "_sub") }}
{%- endmacro kernel %}

{% macro list(k, op, name, work) %}
{{ name }}_piece:
{{- flash::load(s=k, to=18, work=work + 1) }}
        tst r18
        breq {{ name }}_end
{{- gaps::gap(k=k, cycles=work - 2) }}
{{ name }}_next:
{{- flash::load(s=k, to=26, work=work) }}
{{- gaps::accumulate(k=k, op=op, name=name) }}
        dec r18
        brne {{ name }}_next
        rjmp {{ name }}_piece
{{ name }}_end:
{%- if op == "add" %}
{{- gaps::gap(k=k, cycles=work - 2) }}
{%- endif %}
{%- endmacro list %}
