{# Start values of a stage: low bytes, then high bytes, tile by tile. #}
{% macro starts(s) %}
{%- for t in s.starts %}
{{ t.name }}:
{%- for line in t.lines %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro starts %}

{# Weights of a stage, column by column. #}
{% macro lists(columns) %}
{%- for c in columns %}
{{ c.label }}:
{%- for l in c.lists %}
        dw {{ l.entry }}
{%- if l.indices %}
        db {{ l.indices }}
{%- endif %}
{%- endfor %}
        dw {{ c.end }}
{%- endfor %}
{%- endmacro lists %}

{% macro weights(s) %}
{%- if s.lists %}
{%- for g in s.segments %}
; {{ g.name }}: column lists
{{ g.name }}_empty:
        dw {{ g.name }}_next
{{- self::lists(columns=g.columns) }}
{%- endfor %}
{%- elif s.called %}
{%- if s.form == "gaps" %}
; {{ s.name }}: columns as gaps, two nibbles a byte, the low one first
{%- else %}
; {{ s.name }}: packed columns, {% if s.binary %}eight{% else %}four{% endif %} outputs a byte, the first in the lowest bit{% if not s.binary %}s{% endif %}
{%- endif %}
{%- for g in s.segments %}
{%- for c in g.columns %}
{{ c.label }}:
{%- for line in c.bytes %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- if s.quick %}
; {{ g.name }}: the columns used most, as lists; those before this page are gaps
        ds (256-($ and 255)) and 255
{{ g.name }}_quick:
{{- self::lists(columns=g.quick) }}
{%- endif %}
{%- endfor %}
{%- else %}
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
{%- endif %}
{%- endmacro weights %}

{# What activations have below their lowest counted bit, a byte a neuron. #}
{% macro remainders(s) %}
{%- if s.narrow and s.narrow.reads %}
        ds (256-($ and 255)) and 255
{{ s.name }}_0_rest:
{%- for line in s.narrow.remainders %}
        db {{ line }}
{%- endfor %}
{%- endif %}
{%- endmacro remainders %}

{# Address of each column: low bytes in one page, high bytes in the next, or in half a page each; words above 256
   inputs. #}
{% macro tables(s) %}
{%- for g in s.segments %}
{%- if s.wide_table %}
{{ g.name }}_table:
{%- for line in g.words %}
        dw {{ line }}
{%- endfor %}
{%- else %}
        ds (256-($ and 255)) and 255
{{ g.name }}_table:
{%- for line in g.lows %}
        db {{ line }}
{%- endfor %}
{%- if g.half %}
        ds {{ g.name }}_table+128-$
{%- else %}
        ds (256-($ and 255)) and 255
{%- endif %}
{%- for line in g.highs %}
        db {{ line }}
{%- endfor %}
{%- endif %}
{%- endfor %}
{%- endmacro tables %}

{% macro packed_table(routines) %}
        ds (256-($ and 255)) and 255
packed_table:
{%- for r in routines %}
        ds packed_table+{{ r.byte }}-$
        db {{ r.label }} and 255
{%- endfor %}
        ds packed_table+256-$
{%- for r in routines %}
        ds packed_table+256+{{ r.byte }}-$
        db {{ r.label }}/256
{%- endfor %}
{%- endmacro packed_table %}
