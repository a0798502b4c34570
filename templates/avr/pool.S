{% import "window.S" as window %}
{# Windows without weights, a channel each. #}

{# What goes over the bytes of a window: s.step from one to the next of a row, s.skip behind a row. #}
{% macro walk(s) %}
{%- if s.rows > 1 %}
        ldi r21, {{ s.rows }}
{{ s.name }}_row:
{%- endif %}
{%- if s.run > 1 %}
        ldi r16, {{ s.run }}
{{ s.name }}_next:
{%- endif %}
        ld r17, X
{%- if s.sums %}
        add r18, r17
        adc r19, r14
        adc r20, r14
{%- else %}
        cp r18, r17
        brsh {{ s.name }}_less
        mov r18, r17
{{ s.name }}_less:
{%- endif %}
{{- window::forward(reg=26, by=s.step) }}
{%- if s.run > 1 %}
        dec r16
        brne {{ s.name }}_next
{%- endif %}
{%- if s.rows > 1 %}
{{- window::forward(reg=26, by=s.skip) }}
        dec r21
        brne {{ s.name }}_row
{%- endif %}
{%- if s.gathers %}
        st Y+, r18
        st Y+, r19
        st Y+, r20
{%- endif %}
        ret
{%- endmacro walk %}

{% macro sum(s) %}

; {{ s.name }}: the sum of {{ s.rows }} times {{ s.run }} bytes of a channel, {{ s.cycles }} cycles. X: the first, {% if s.gathers %}Y{% else %}Z{% endif %}: what it starts with,
; r14: 0. Changes r16 to r21, X, {% if s.gathers %}Y{% else %}Z{% endif %}; the sum is in r20:r19:r18{% if s.gathers %}, and where it was{% endif %}.
{{ s.name }}:
{%- if s.gathers %}
        ld r18, Y
        ldd r19, Y+1
        ldd r20, Y+2
{%- else %}
        lpm r18, Z+
        lpm r19, Z+
        lpm r20, Z+
{%- endif %}
{{- self::walk(s=s) }}
{%- endmacro sum %}

{% macro max(s) %}

; {{ s.name }}: the largest of {{ s.rows }} times {{ s.run }} bytes of a channel, {{ s.cycles }} cycles at most. X: the first. Changes
; r16 to r18, r21, X; it is in r18.
{{ s.name }}:
        clr r18
{{- self::walk(s=s) }}
{%- endmacro max %}

{# Byte by byte: s.rows rows of s.run bytes, s.skips behind those of what is read and written. #}
{% macro bytes(s) %}
        clr r14
        ldi r26, lo8({{ s.from }})
        ldi r27, hi8({{ s.from }})
{%- if s.other %}
        ldi r24, lo8({{ s.other }})
        ldi r25, hi8({{ s.other }})
{%- endif %}
        ldi r28, lo8({{ s.to }})
        ldi r29, hi8({{ s.to }})
{%- if s.rows > 1 %}
        ldi r16, {{ s.rows }}
{{ s.name }}_row:
        sts net_rows, r16
{%- endif %}
        ldi r22, lo8({{ s.run }})
        ldi r23, hi8({{ s.run }})
{%- if s.records %}
        ldi r30, lo8({{ s.records }})
        ldi r31, hi8({{ s.records }})
        movw r4, r30
{%- endif %}
{{ s.name }}_next:
{%- if s.other %}
        ld r16, X+
        movw r2, r26
        ldi r31, 0
        mov r30, r16
{{- self::entry(table=s.table) }}
        lpm r18, Z+
        lpm r19, Z+
        lpm r20, Z+
        lpm r21, Z+
        movw r26, r24
        ld r30, X+
        movw r24, r26
        ldi r31, 0
{{- self::entry(table=s.table ~ "+1024") }}
        lpm r16, Z+
        add r18, r16
        lpm r16, Z+
        adc r19, r16
        lpm r16, Z+
        adc r20, r16
        lpm r16, Z+
        adc r21, r16
{%- if s.records %}
        movw r30, r4
{%- endif %}
        {{ s.call }} {{ s.scale }}
{%- if s.records %}
        movw r4, r30
{%- endif %}
        st Y+, r18
{%- if s.words %}
        st Y+, r19
{%- endif %}
        movw r26, r2
{%- else %}
        ld r30, X+
        ldi r31, 0
        subi r30, lo8(-({{ s.table }}))
        sbci r31, hi8(-({{ s.table }}))
        lpm r0, Z
        st Y+, r0
{%- endif %}
        subi r22, 1
        sbci r23, 0
        breq {{ s.name }}_end
        rjmp {{ s.name }}_next
{{ s.name }}_end:
{%- if s.rows > 1 %}
{{- window::forward(reg=26, by=s.skip) }}
{%- if s.other %}
{{- window::forward(reg=24, by=s.other_skip) }}
{%- endif %}
{{- window::forward(reg=28, by=s.to_skip) }}
        lds r16, net_rows
        dec r16
        breq {{ s.name }}_end_row
        rjmp {{ s.name }}_row
{{ s.name }}_end_row:
{%- endif %}
{%- endmacro bytes %}

{# Z, a byte, becomes the place of its entry of four bytes. #}
{% macro entry(table) %}
        lsl r30
        rol r31
        lsl r30
        rol r31
        subi r30, lo8(-({{ table }}))
        sbci r31, hi8(-({{ table }}))
{%- endmacro entry %}

{# What lies around an array: s.parts has how many bytes are filled, and how many passed then. #}
{% macro border(s) %}
        ldi r26, lo8({{ s.at }})        ; what windows read over the edge
        ldi r27, hi8({{ s.at }})
        ldi r18, {{ s.byte }}
        ldi r24, lo8({{ s.first }})
        ldi r25, hi8({{ s.first }})
        {{ s.call }} net_fill
{%- if s.rows > 1 %}
        ldi r19, {{ s.rows - 1 }}
{{ s.name }}_edge:
{{- window::forward(reg=26, by=s.inside) }}
        ldi r24, lo8({{ s.between }})
        ldi r25, hi8({{ s.between }})
        {{ s.call }} net_fill
        dec r19
        brne {{ s.name }}_edge
{%- endif %}
{{- window::forward(reg=26, by=s.inside) }}
        ldi r24, lo8({{ s.last }})
        ldi r25, hi8({{ s.last }})
        {{ s.call }} net_fill
{%- endmacro border %}

{% macro fill(s) %}

; r25:r24 bytes at X become r18. Changes r24, r25, X.
net_fill:
        sbiw r24, 0
        breq net_filled
net_fill_next:
        st X+, r18
        sbiw r24, 1
        brne net_fill_next
net_filled:
        ret
{%- endmacro fill %}
