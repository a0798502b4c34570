{%- import "column.S" as column -%}
{# Every input tile for every output tile. #}
{% macro words(s) %}
{%- for t in s.tiles %}
{%- for g in t.scans %}
{{- self::scan(s=s, t=t, g=g) }}
{%- endfor %}
{%- endfor %}
{%- endmacro words %}

{# The same over byte accumulators. #}
{% macro bytes(s) %}
{%- for t in s.tiles %}
{%- for g in t.scans %}
{{- self::scan_bytes(s=s, t=t, g=g) }}
{%- endfor %}
{%- endfor %}
{%- endmacro bytes %}

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
{{- self::find(s=s, t=t, g=g) }}
{{- self::visit(s=s, t=t, g=g) }}
        ldi r27, hi8({{ g.low }})
{{- self::next(s=s, g=g) }}
{%- if s.big and s.wide_kernel %}
        rjmp {{ g.name }}_done
{%- endif %}
{{- self::wide(s=s, g=g) }}
{%- endmacro scan %}

{# Byte accumulators: a column for each that has reached the threshold. The byte behind the last one has just reached
   it, with an activation of 0, and ends the scan. #}
{% macro scan_bytes(s, t, g) %}
        ldi r28, lo8({{ g.low }})
        ldi r29, hi8({{ g.low }})
{{ g.name }}_scan:
        ld r24, Y+
        subi r24, {{ s.bytes.threshold }}
        brlo {{ g.name }}_scan
        mov r30, r28
        dec r30
        mov r16, r30
        ldi r31, 0
        subi r30, lo8(-({{ s.bytes.rest_at }}))
        sbci r31, hi8(-({{ s.bytes.rest_at }}))
        lpm r0, Z
{%- if s.big %}
        ldi r25, 0
{%- for i in range(end=s.bytes.bits) %}
        lsl r24
        rol r25
{%- endfor %}
        add r24, r0
        adc r25, r1
        mov r0, r24
        or r0, r25
{%- else %}
{%- for i in range(end=s.bytes.bits) %}
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
{{- self::find(s=s, t=t, g=g) }}
{{- self::visit(s=s, t=t, g=g) }}
{{- self::next(s=s, g=g) }}
{%- if s.big and s.wide_kernel %}
        rjmp {{ g.name }}_done
{%- endif %}
{{- self::wide(s=s, g=g) }}
{%- endmacro scan_bytes %}

{# The column of the input whose number, from the first of its page on, is in Z. #}
{% macro find(s, t, g) %}
{%- if s.chip %}
{{- column::seek(s=s, at=g.chip_at, stride=t.stride, wide=false) }}
{%- else %}
{{- column::column(s=s, table=g.table_at) }}
{%- endif %}
{%- endmacro find %}

{# The next input, if there is one. #}
{% macro next(s, g) %}
{{ g.name }}_zero:
        cpi r28, {{ g.end }}
{%- if s.chip %}
        breq {{ g.name }}_end
        rjmp {{ g.name }}_scan
{{ g.name }}_end:
{%- else %}
        brne {{ g.name }}_scan
{%- endif %}
{%- endmacro next %}

{# Hands the column at Z to the kernel; r24 and r25 are the activation. A kernel for one byte is used where it is one. #}
{% macro visit(s, t, g) %}
        mov r21, r28
{{- column::point(s=s, t=t) }}
{%- if s.code %}
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
