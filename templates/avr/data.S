{# Start values of a stage: low bytes, then high bytes, tile by tile; remainders of counted bytes. #}
{% macro starts(s) %}
{%- for t in s.starts %}
{{ t.name }}:
{%- for line in t.lines %}
        {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro starts %}

{# Weights of a stage, column by column, and where each column begins. #}
{% macro weights(s) %}
{%- for t in s.tiles %}
{%- if s.form != "unrolled" %}
; {{ t.name }}: {{ s.form }}
{%- endif %}
{%- for c in t.columns %}
{%- if c.lines %}
{{ c.label }}:
{%- for line in c.lines %}
        {{ line }}
{%- endfor %}
{%- endif %}
{%- endfor %}
{%- if s.form != "unrolled" %}
{{ t.name }}_table:
{%- for line in t.table %}
        {{ line }}
{%- endfor %}
{%- endif %}
{%- endfor %}
{%- endmacro weights %}

{# Jumps to columns as code, for all stages before any of the code: IJMP reaches the first 128 KB only. #}
{% macro jumps(s) %}
{%- if s.form == "unrolled" %}
{%- for t in s.tiles %}
{{ t.name }}_table:
{%- for line in t.table %}
        {{ line }}
{%- endfor %}
{%- endfor %}
{%- endif %}
{%- endmacro jumps %}

{# Columns as code. #}
{% macro code(s) %}
{%- if s.form == "unrolled" %}
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
{%- endif %}
{%- endmacro code %}
