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

{# Z is the number of a column in the flash chip, whose first is at `at`: begins to read it. Changes r0, r18 to r21; r1 is 0 again. `wide`:
   numbers are above 255. #}
{% macro seek(s, at, stride, wide) %}
        ldi r21, lo8({{ stride }})
        mul r30, r21
        movw r18, r0
        clr r20
{%- if wide %}
        mul r31, r21
        add r19, r0
        adc r20, r1
{%- endif %}
{%- if stride > 255 %}
        ldi r21, hi8({{ stride }})
        mul r30, r21
        add r19, r0
        adc r20, r1
{%- if wide %}
        mul r31, r21
        add r20, r0
{%- endif %}
{%- endif %}
        clr r1
        subi r18, lo8(-({{ at }}))
        sbci r19, hi8(-({{ at }}))
        sbci r20, hh8(-({{ at }}))
        {{ s.call }} net_flash_at
{%- endmacro seek %}

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
