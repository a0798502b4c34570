{# Z, a number, becomes the address of that column; of columns as code, that of a jump to it. #}
{% macro column(s, table) %}
{%- if s.code %}
{%- if s.far_jumps %}
        lsl r30
        rol r31
{%- endif %}
        subi r30, lo8(-(pm({{ table }})))
        sbci r31, hi8(-(pm({{ table }})))
{%- else %}
        lsl r30
        rol r31
        subi r30, lo8(-({{ table }}))
        sbci r31, hi8(-({{ table }}))
        lpm r0, Z+
        lpm r31, Z
        mov r30, r0
{%- endif %}
{%- endmacro column %}

{# Points X and Y at a tile, as the form's kernel wants them. #}
{% macro point(s, t) %}
{%- if not s.code %}
        ldi r26, {{ t.start }}
        ldi r27, hi8({{ t.low }})
{%- if s.keeps_start %}
        mov r20, r26
{%- endif %}
{%- if not s.counts %}
        ldi r29, hi8({{ t.high }})
{%- endif %}
{%- if s.has_length %}
        ldi r19, {{ t.packed_bytes }}
{%- endif %}
{%- endif %}
{%- endmacro point %}
