{%- import "gaps.S" as gaps -%}
{# The kernels of index lists: as those of gaps, but a list is the low addresses of its outputs, in pieces: a number of
   outputs and they themselves, then the next piece; a number of 0 ends the list. #}
{% macro kernel(s) %}
; ---- {{ s.name }}: {{ s.about }} --------------------
{{ s.name }}:
{{- self::list(k=s, op="add", name=s.name ~ "_add") }}
{{- self::list(k=s, op="sub", name=s.name ~ "_sub") }}
        ret
{{- gaps::fix(k=s, op="add", name=s.name ~ "_add") }}
{{- gaps::fix(k=s, op="sub", name=s.name ~ "_sub") }}
{%- endmacro kernel %}

{% macro list(k, op, name) %}
{{ name }}_piece:
        lpm r18, Z+
        tst r18
        breq {{ name }}_end
{{ name }}_next:
        lpm r26, Z+
{{- gaps::accumulate(k=k, op=op, name=name) }}
        dec r18
        brne {{ name }}_next
        rjmp {{ name }}_piece
{{ name }}_end:
{%- endmacro list %}
