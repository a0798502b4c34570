{# Start values are copied, from flash or from RAM. #}
{% macro copies(s) %}
{%- for c in s.loads %}
{%- if c.flash %}
        ldi r30, lo8({{ c.from }})
        ldi r31, hi8({{ c.from }})
{%- else %}
        ldi r28, lo8({{ c.from }})
        ldi r29, hi8({{ c.from }})
{%- endif %}
        ldi r26, lo8({{ c.to }})
        ldi r27, hi8({{ c.to }})
        ldi r18, {{ c.rounds }}
        {{ s.call }} {% if c.flash %}load{% else %}copy{% endif %}_{{ c.entry }}
{%- endfor %}
{%- endmacro copies %}

{# Tables in flash. #}
{% macro tables(s) %}
{%- for t in s.tables %}
{{ t.name }}:
{%- for line in t.lines %}
        {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro tables %}

{# The subroutines that copy. #}
{% macro load(s) %}

; Copies from flash, Z, to RAM, X: r18 times eight bytes, of which an entry but the first leaves some out.
{%- for i in range(end=8) %}
load_{{ 8 - i }}:
        lpm r0, Z+
        st X+, r0
{%- endfor %}
        dec r18
        brne load_8
        ret
{%- endmacro load %}

{% macro copy(s) %}

; Copies from RAM, Y, to RAM, X: as above.
{%- for i in range(end=8) %}
copy_{{ 8 - i }}:
        ld r0, Y+
        st X+, r0
{%- endfor %}
        dec r18
        brne copy_8
        ret
{%- endmacro copy %}
