{%- import "hash.S" as hash -%}
{% macro stage(s) %}
; {{ s.title }}
{{ s.name }}:
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
{%- for t in s.tiles %}
{%- if s.source == "hidden" %}
{%- for g in t.scans %}
{%- if s.narrow %}{{ self::scan_bytes(s=s, t=t, g=g, n=s.narrow) }}{% else %}{{ self::scan(s=s, t=t, g=g) }}{% endif %}
{%- endfor %}
{%- elif s.source == "trigrams" %}{{ hash::trigrams(s=t.hash) }}
{%- else %}{{ hash::ngrams(s=t.hash) }}
{%- endif %}
{%- if s.source != "hidden" %}
; Adds the column of the bucket in r24{% if t.hash.wide_table %} and r25{% endif %}.
{{ t.name }}_apply:
        mov r30, r24
{%- if t.hash.wide_table %}
        mov r31, r25
{%- else %}
        ldi r31, 0
{%- endif %}
{{- self::column(s=s, table=t.table_at) }}
{%- if not s.counts %}
        ldi r24, {{ s.factor }}
        ldi r25, 0
{%- endif %}
{{- self::point(s=s, t=t) }}
{%- if s.form == "unrolled" %}
        ijmp
{%- else %}
        {{ s.jump }} {{ s.kernel }}
{%- endif %}
{{ t.name }}_done:
{%- endif %}
{%- endfor %}
{%- if s.folds > 0 %}
; Sums that two outputs share, added to both: low addresses of a sum and the two, and whether the second gets it less.
        ldi r30, lo8({{ s.name }}_folds)
        ldi r31, hi8({{ s.name }}_folds)
        ldi r27, hi8({{ s.tiles[0].low }})
        ldi r29, hi8({{ s.tiles[0].high }})
        ldi r19, {{ s.folds }}
{{ s.name }}_fold:
        lpm r26, Z+
        mov r28, r26
        ld r24, X
        ld r25, Y
        lpm r26, Z+
{{- self::add_word() }}
        lpm r26, Z+
        lpm r18, Z+
        sbrs r18, 0
        rjmp {{ s.name }}_fold_other
        com r25
        neg r24
        sbci r25, 0xFF
{{ s.name }}_fold_other:
{{- self::add_word() }}
        dec r19
        brne {{ s.name }}_fold
{%- endif %}
{%- endmacro stage %}

{# Adds r24 and r25 to the accumulator at X. #}
{% macro add_word() %}
        mov r28, r26
        ld r0, X
        add r0, r24
        st X, r0
        ld r0, Y
        adc r0, r25
        st Y, r0
{%- endmacro add_word %}

{# Z, a number, becomes the address of that column; of columns as code, that of a jump to it. #}
{% macro column(s, table) %}
{%- if s.form == "unrolled" %}
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
{%- if s.form != "unrolled" %}
        ldi r26, {{ t.start }}
        ldi r27, hi8({{ t.low }})
{%- if s.form == "gaps" %}
        mov r20, r26
{%- endif %}
{%- if not s.counts %}
        ldi r29, hi8({{ t.high }})
{%- endif %}
{%- if s.form == "packed" %}
        ldi r19, {{ t.packed_bytes }}
{%- endif %}
{%- endif %}
{%- endmacro point %}

{# Hands the column at Z to the kernel; r24 and r25 are the activation. A kernel for one byte is used where it is one. #}
{% macro visit(s, t, g) %}
        mov r21, r28
{{- self::point(s=s, t=t) }}
{%- if s.form == "unrolled" %}
        icall
{%- elif s.big and s.wide_kernel %}
        cpse r25, r1
        rjmp {{ g.name }}_wide
        {{ s.call }} {{ s.kernel }}
{{ g.name }}_back:
{%- else %}
        {{ s.call }} {{ s.kernel }}
{%- endif %}
        mov r28, r21
        ldi r29, hi8({{ g.scanned }})
{%- endmacro visit %}

{% macro wide(s, g) %}
{%- if s.big and s.wide_kernel %}
{{ g.name }}_wide:
        {{ s.call }} {{ s.wide_kernel }}
        rjmp {{ g.name }}_back
{{ g.name }}_done:
{%- endif %}
{%- endmacro wide %}

{# One input tile: applies a column for each accumulator of the source that is positive after its shift. #}
{% macro scan(s, t, g) %}
        lds r25, {{ g.high }}+{{ g.count - 1 }}     ; the last accumulator stops the scan: negative counts as 0
        sbrs r25, 7
        rjmp {{ g.name }}_go
        sts {{ g.high }}+{{ g.count - 1 }}, r1
        sts {{ g.low }}+{{ g.count - 1 }}, r1
{{ g.name }}_go:
        ldi r28, lo8({{ g.high }})
        ldi r29, hi8({{ g.high }})
        ldi r27, hi8({{ g.low }})
{{ g.name }}_scan:
        ld r25, Y+
        tst r25
        brmi {{ g.name }}_scan
        mov r26, r28
        dec r26
        ld r24, X
{%- for i in range(end=s.shift) %}
        lsr r25
        ror r24
{%- endfor %}
{%- if s.big %}
        mov r0, r24
        or r0, r25
{%- else %}
        tst r24
{%- endif %}
        breq {{ g.name }}_zero
        mov r30, r26
        ldi r31, 0
{{- self::column(s=s, table=g.table_at) }}
{{- self::visit(s=s, t=t, g=g) }}
        ldi r27, hi8({{ g.low }})
{{ g.name }}_zero:
        cpi r28, {{ g.end }}
        brne {{ g.name }}_scan
{%- if s.big and s.wide_kernel %}
        rjmp {{ g.name }}_done
{%- endif %}
{{- self::wide(s=s, g=g) }}
{%- endmacro scan %}

{# Byte accumulators: a column for each that has reached the threshold. The byte behind the last one has just reached
   it, with an activation of 0, and ends the scan. #}
{% macro scan_bytes(s, t, g, n) %}
        ldi r28, lo8({{ g.low }})
        ldi r29, hi8({{ g.low }})
{{ g.name }}_scan:
        ld r24, Y+
        subi r24, {{ n.threshold }}
        brlo {{ g.name }}_scan
        mov r30, r28
        dec r30
        mov r16, r30
        ldi r31, 0
        subi r30, lo8(-({{ n.rest_at }}))
        sbci r31, hi8(-({{ n.rest_at }}))
        lpm r0, Z
{%- if s.big %}
        ldi r25, 0
{%- for i in range(end=n.bits) %}
        lsl r24
        rol r25
{%- endfor %}
        add r24, r0
        adc r25, r1
        mov r0, r24
        or r0, r25
{%- else %}
{%- for i in range(end=n.bits) %}
        lsl r24
{%- endfor %}
        add r24, r0
{%- endif %}
        breq {{ g.name }}_zero
{%- if not s.big %}
        ldi r25, 0
{%- endif %}
        mov r30, r16
        ldi r31, 0
{{- self::column(s=s, table=g.table_at) }}
{{- self::visit(s=s, t=t, g=g) }}
{{ g.name }}_zero:
        cpi r28, {{ g.end }}
        brne {{ g.name }}_scan
{%- if s.big and s.wide_kernel %}
        rjmp {{ g.name }}_done
{%- endif %}
{{- self::wide(s=s, g=g) }}
{%- endmacro scan_bytes %}
