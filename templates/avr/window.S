{% import "nomul.S" as nomul %}
{# Sums of windows times weights. Bytes b stand for values b - 128, weights w lie in flash as w + 128: products of both are
   never negative, so that no sign is extended, and 128 times the sum of the bytes is taken away once. #}

{# A pointer moves by a constant. #}
{% macro forward(reg, by) %}
{%- if by > 0 and by < 64 %}
        adiw r{{ reg }}, {{ by }}
{%- elif by != 0 %}
        subi r{{ reg }}, lo8(-({{ by }}))
        sbci r{{ reg + 1 }}, hi8(-({{ by }}))
{%- endif %}
{%- endmacro forward %}

{# The next byte of a window. #}
{% macro next(s) %}
{%- if s.step == 1 %}
        ld r18, X+
{%- else %}
        ld r18, X
{{- self::forward(reg=26, by=s.step) }}
{%- endif %}
{%- endmacro next %}

{# One byte times a weight of each output. #}
{% macro multiply(s) %}
{{- self::next(s=s) }}
{%- if s.sums | length == 0 %}
{{- nomul::single(s=s) }}
{%- elif s.terms %}
{{- nomul::multiply(s=s) }}
{%- else %}
        add r15, r18
        adc r16, r14
{%- if s.long %}
        adc r17, r14
{%- endif %}
{%- if not s.multiplies %}
        mov r11, r18
{%- endif %}
{%- for a in s.sums %}
{%- if s.multiplies %}
        {{ s.lpm }} r19, Z+
        mul r18, r19
{%- else %}
        lpm r0, Z+
        rcall net_mul
{%- endif %}
        add r{{ a.b0 }}, r0
        adc r{{ a.b1 }}, r1
        adc r{{ a.b2 }}, r14
{%- if s.wide %}
        adc r{{ a.b3 }}, r14
{%- endif %}
{%- endfor %}
{%- endif %}
{%- endmacro multiply %}

{# What goes over the bytes of a window. #}
{% macro walk(s) %}
{%- if s.rows > 1 %}
        ldi r21, {{ s.rows }}
{{ s.name }}_row:
{%- endif %}
{%- if s.times > 1 %}
        ldi r20, {{ s.times }}
{{ s.name }}_next:
{%- endif %}
{%- for i in range(end=s.unroll) %}
{{- self::multiply(s=s) }}
{%- endfor %}
{%- if s.times > 1 %}
        dec r20
{%- if s.near %}
        brne {{ s.name }}_next
{%- else %}
        breq {{ s.name }}_rest
        rjmp {{ s.name }}_next
{{ s.name }}_rest:
{%- endif %}
{%- endif %}
{%- for i in range(end=s.rest) %}
{{- self::multiply(s=s) }}
{%- endfor %}
{%- if s.rows > 1 %}
{{- self::forward(reg=26, by=s.skip) }}
        dec r21
        breq {{ s.name }}_end
        rjmp {{ s.name }}_row
{{ s.name }}_end:
{%- endif %}
{%- endmacro walk %}

{% macro dot(s) %}

; {{ s.name }}: sums of {{ s.sums | length }} outputs over {{ s.rows }} times {{ s.run }} bytes, {{ s.cycles }} cycles.
; X: the first byte, Z{% if s.lpm == "elpm" %} and RAMPZ{% endif %}: {% if s.gathers %}weights, Y: the sums before{% else %}start values and weights{% endif %}, r14: 0. Changes r0, r1, {% if not s.multiplies %}r11 to r13, {% endif %}r15 to r21, X, {% if s.gathers %}Y, {% endif %}Z; sums are in r2 and so on.
{{ s.name }}:
{%- for a in s.sums %}
{%- if s.gathers %}
        ldd r{{ a.b0 }}, Y+{{ a.b0 - 2 }}
        ldd r{{ a.b1 }}, Y+{{ a.b1 - 2 }}
        ldd r{{ a.b2 }}, Y+{{ a.b2 - 2 }}
{%- if s.wide %}
        ldd r{{ a.b3 }}, Y+{{ a.b3 - 2 }}
{%- endif %}
{%- else %}
        {{ s.lpm }} r{{ a.b0 }}, Z+
        {{ s.lpm }} r{{ a.b1 }}, Z+
        {{ s.lpm }} r{{ a.b2 }}, Z+
{%- if s.wide %}
        {{ s.lpm }} r{{ a.b3 }}, Z+
{%- endif %}
{%- endif %}
{%- endfor %}
{%- if s.terms %}
        movw r12, r30
{{- self::walk(s=s) }}
        movw r30, r12
        lds r18, net_triangle           ; those of the bytes alone
        lds r15, net_triangle+1
        lds r16, net_triangle+2
{%- else %}
        clr r15                         ; the sum of the bytes
        clr r16
{%- if s.long %}
        clr r17
{%- endif %}
{{- self::walk(s=s) }}
        clr r18                         ; times 128
{%- if s.long %}
        lsr r17
        ror r16
{%- else %}
        lsr r16
{%- endif %}
        ror r15
        ror r18
{%- endif %}
{%- for a in s.sums %}
        sub r{{ a.b0 }}, r18
        sbc r{{ a.b1 }}, r15
        sbc r{{ a.b2 }}, r16
{%- if s.wide %}
        sbc r{{ a.b3 }}, r{% if s.long and not s.terms %}17{% else %}14{% endif %}
{%- endif %}
{%- if s.gathers %}
        st Y+, r{{ a.b0 }}
        st Y+, r{{ a.b1 }}
        st Y+, r{{ a.b2 }}
{%- if s.wide %}
        st Y+, r{{ a.b3 }}
{%- endif %}
{%- endif %}
{%- endfor %}
        ret
{%- endmacro dot %}

{% macro triangles(s) %}

; {{ s.name }}: net_triangle becomes the sum of T(x) over {{ s.rows }} times {{ s.run }} bytes, {{ s.cycles }} cycles. X: the first byte,
; r14: 0. Changes r0, r1, r15 to r18, r20, r21, X, Z.
{{ s.name }}:
        clr r15
        clr r16
        clr r17
{{- self::walk(s=s) }}
        sts net_triangle, r15
        sts net_triangle+1, r16
        sts net_triangle+2, r17
        ret
{%- endmacro triangles %}

{# Weights that are code: those of an output that are not 0, each added or taken away by its sign. #}
{% macro code(s) %}

; {{ s.name }}: sums of {{ s.outputs }} outputs, {{ s.cycles }} cycles. r25:r24: the window, r14: 0. Changes r0, r1, r18, r19, Z.
{{ s.name }}:
        movw r30, r24
{%- for line in s.lines %}
        {{ line }}
{%- endfor %}
        ret
{%- endmacro code %}

{# What becomes of the sums of a group. #}
{% macro results(s, part) %}
{%- for r in part.results %}
{%- for move in r.moves %}
        {{ move }}
{%- endfor %}
{%- if s.scale %}
        {{ s.call }} {{ s.scale }}
{%- endif %}
        st Y+, r18
{%- if s.words %}
        st Y+, r19
{%- endif %}
{%- endfor %}
{%- endmacro results %}

{# Triangular numbers of the bytes of a window; Z stays. #}
{% macro before(s) %}
        movw r2, r30
        movw r26, r24
        {{ s.call }} {{ s.triangles }}
        movw r30, r2
{%- endmacro before %}

{% macro stage(s) %}
        clr r14
        ldi r24, lo8({{ s.from }})
        ldi r25, hi8({{ s.from }})
        ldi r28, lo8({{ s.to }})
        ldi r29, hi8({{ s.to }})
{%- if s.rows > 1 %}
        ldi r22, {{ s.rows }}
{{ s.name }}_row:
        sts net_rows, r22
{%- endif %}
{%- if s.cols > 1 %}
        ldi r23, {{ s.cols }}
{{ s.name }}_col:
{%- endif %}
{%- if s.data %}
        ldi r30, lo8({{ s.data }})
        ldi r31, hi8({{ s.data }})
{%- if s.far %}
        ldi r18, hh8({{ s.data }})
        out 0x3B, r18                   ; RAMPZ
{%- endif %}
{%- endif %}
{%- if s.triangles and not s.apart %}
{{- self::before(s=s) }}
{%- endif %}
{%- for part in s.parts %}
{%- set label = s.name ~ "_part_" ~ loop.index %}
{%- if part.count > 1 %}
        ldi r22, {{ part.count }}
{{ label }}:
{%- endif %}
{%- if s.triangles and s.apart %}
{{- self::before(s=s) }}
{%- endif %}
{%- if s.walks %}
        movw r26, r24
{%- endif %}
        {{ s.call }} {{ part.sums }}
{{- self::results(s=s, part=part) }}
{%- if s.apart %}
        adiw r24, 1
{%- endif %}
{%- if part.count > 1 %}
        dec r22
        breq {{ label }}_end
        rjmp {{ label }}
{{ label }}_end:
{%- endif %}
{%- endfor %}
{%- if s.cols > 1 %}
{{- self::forward(reg=24, by=s.right) }}
        dec r23
        breq {{ s.name }}_end_col
        rjmp {{ s.name }}_col
{{ s.name }}_end_col:
{%- endif %}
{%- if s.rows > 1 %}
{{- self::forward(reg=24, by=s.down) }}
{{- self::forward(reg=28, by=s.to_skip) }}
        lds r22, net_rows
        dec r22
        breq {{ s.name }}_end_row
        rjmp {{ s.name }}_row
{{ s.name }}_end_row:
{%- endif %}
{%- endmacro stage %}

{# Start values and weights of each group, and what scales its sums. #}
{% macro data(s) %}
{{ s.label }}:
{%- for line in s.lines %}
        {{ line }}
{%- endfor %}
{%- endmacro data %}
