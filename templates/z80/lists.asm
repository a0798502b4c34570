{# The unrolled additions and subtractions, and those that count. #}
{% macro code(s) %}

; ---- column lists: the additions --------------------------------------------
; A column is read through SP: the address of an entry below, as many indices as the entry's number
; says, the next entry, and so on; the last address leads back to the stage. RET goes from each to the next.
; HL: page of the low bytes in H; high bytes are one page above. E: the activation.
{%- if s.blocks %}
{%- for b in s.blocks %}
{%- for i in range(end=18) %}
{{ b.name }}_fix_{{ i }}:
        inc h
        {{ b.fix }} (hl)
        dec h
        jp {{ b.name }}_past_{{ i }}
{%- endfor %}
{%- for p in range(end=18) %}
{{ b.name }}_{{ 36 - 2 * p }}:
        pop bc
        ld l,c
        ld a,(hl)
        {{ b.op }} e
        ld (hl),a
        jr c,{{ b.name }}_fix_{{ 2 * p }}
{{ b.name }}_past_{{ 2 * p }}:
{{ b.name }}_half_{{ 35 - 2 * p }}:
        ld l,b
        ld a,(hl)
        {{ b.op }} e
        ld (hl),a
        jr c,{{ b.name }}_fix_{{ 2 * p + 1 }}
{{ b.name }}_past_{{ 2 * p + 1 }}:
{%- endfor %}
        ret
{%- for i in range(start=18, end=36) %}
{{ b.name }}_fix_{{ i }}:
        inc h
        {{ b.fix }} (hl)
        dec h
        jp {{ b.name }}_past_{{ i }}
{%- endfor %}
; An odd number of indices starts in the middle of a pair.
{%- for p in range(end=18) %}
{{ b.name }}_{{ 35 - 2 * p }}:
        dec sp
        pop bc
        jp {{ b.name }}_half_{{ 35 - 2 * p }}
{%- endfor %}
{%- endfor %}
{%- endif %}
{%- if s.counters %}

; ---- column lists: counting in bytes -------------------------------------------
{%- for c in s.counters %}
{%- for p in range(end=18) %}
{{ c.name }}_{{ 36 - 2 * p }}:
        pop bc
        ld l,c
        {{ c.name }} (hl)
{{ c.name }}_half_{{ 35 - 2 * p }}:
        ld l,b
        {{ c.name }} (hl)
{%- endfor %}
        ret
{%- for p in range(end=18) %}
{{ c.name }}_{{ 35 - 2 * p }}:
        dec sp
        pop bc
        jp {{ c.name }}_half_{{ 35 - 2 * p }}
{%- endfor %}
{%- endfor %}
{%- endif %}
{%- endmacro code %}

{# Hands the column at HL to its first entry. #}
{% macro apply(s) %}
        di
        ld sp,hl
        ld h,{{ s.page }}
        ret
{%- endmacro apply %}

{# Columns as lists: entries with their indices, and the way back. #}
{% macro columns(columns) %}
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
{%- endmacro columns %}

{% macro weights(s) %}
{%- for g in s.segments %}
; {{ g.name }}: column lists
{{ g.name }}_empty:
        dw {{ g.name }}_next
{{- self::columns(columns=g.columns) }}
{%- endfor %}
{%- endmacro weights %}
