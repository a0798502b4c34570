{# Weights of a stage, column by column, and where each column begins. #}
{% macro weights(s) %}
{%- for t in s.tiles %}
; {{ t.name }}: {{ s.form }}
{%- for c in t.columns %}
{%- if c.lines %}
{{ c.label }}:
{%- for line in c.lines %}
        {{ line }}
{%- endfor %}
{%- endif %}
{%- endfor %}
{{ t.name }}_table:
{%- for line in t.table %}
        {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro weights %}

{# Jumps to columns as code, for all stages before any of the code: IJMP reaches the first 128 KB only. #}
{% macro jumps(s) %}
{%- for t in s.tiles %}
{{ t.name }}_table:
{%- for line in t.table %}
        {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro jumps %}

{# Columns as code. #}
{% macro code(s) %}
{%- for t in s.tiles %}
; {{ t.name }}: columns as code
{%- for c in t.columns %}
{{ c.label }}:
{%- for line in c.code %}
        {{ line }}
{%- endfor %}
        ret
{%- endfor %}
{%- endfor %}
{%- endmacro code %}
