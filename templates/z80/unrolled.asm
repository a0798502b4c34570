{# Hands over to the column at HL, which is code. #}
{% macro apply(s) %}
        push hl
        ld h,{{ s.page }}
        ret
{%- endmacro apply %}

{% macro weights(s) %}
; {{ s.name }}: columns as code
{%- for g in s.segments %}
{%- for c in g.columns %}
{{ c.label }}:
{%- for line in c.code %}
        {{ line }}
{%- endfor %}
        jp {{ c.end }}
{%- endfor %}
{%- endfor %}
{%- endmacro weights %}
