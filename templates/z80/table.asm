{# Address of column number L, from the table of a stage or of one of its input tiles: in HL, or in BC. #}
{% macro column(s, g) %}
        ld h,{{ g.name }}_table/256
        ld c,(hl)
{%- if g.half %}
        set 7,l
{%- else %}
        inc h
{%- endif %}
{{- self::high(s=s) }}
{%- endmacro column %}

{# The address that begins with C and goes on at HL. #}
{% macro high(s) %}
{%- if s.in_bc %}
        ld b,(hl)
{%- else %}
        ld h,(hl)
        ld l,c
{%- endif %}
{%- endmacro high %}

{# An entry in a column list: the outputs that follow are in the next tile. #}
{% macro switch(s) -%}
{{ s.name }}_tile:
{%- for i in range(end=s.stride) %}
        inc h
{%- endfor %}
        ret
{%- endmacro switch %}

{# Address of each column: low bytes in one page, high bytes in the next, or in half a page each; words above 256
   inputs. #}
{% macro tables(s) %}
{%- for g in s.segments %}
{%- if s.wide %}
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
