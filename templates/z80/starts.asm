{# Start values that are pushed through SP. #}
{% macro pushes(s) %}
{%- for line in s.lines %}
{{ line }}
{%- endfor %}
{%- endmacro pushes %}

{# Start values that are copied. #}
{% macro copies(s) %}
{%- for c in s.copies %}
        ld hl,{{ c.from }}
        ld de,{{ c.to }}
        ld bc,{{ c.count }}
        call copy
{%- endfor %}
{%- endmacro copies %}

{# Tables of them: low bytes, then high bytes, tile by tile. #}
{% macro tables(s) %}
{%- for t in s.tables %}
{{ t.name }}:
{%- for line in t.lines %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro tables %}

{# The subroutine that copies. #}
{% macro copy(s) %}

; Copies BC bytes, a multiple of 16, from HL to DE.
copy:
{%- for i in range(end=16) %}
        ldi
{%- endfor %}
        jp pe,copy
        ret
{%- endmacro copy %}
