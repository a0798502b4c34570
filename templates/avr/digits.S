{% import "flash.S" as flash %}
{# Tables of all sums of `s.inputs` inputs times weights of -1 to 1, or -2 to 1: `s.entries` sums in Gray's order, one place
   differing by one from the sum before. Sum n of the group g of a page lies at {{ s.stride }} * n + 2 * g. #}
{% macro tables(s) %}
; ---- {{ s.name }}: X: inputs, r24: groups of {{ s.inputs }} ----
; Fills tables, from the first on. Y: the table, r16:r17: the sum, r2 to r{{ 1 + 2 * s.inputs }}: the inputs, r18: the group's column.
; Changes r2 to r{{ 1 + 2 * s.inputs }}, r16 to r19, r24, X, Y. A group takes {{ s.cycles }} cycles.
{{ s.name }}:
        ldi r19, hi8(tables)
        ldi r18, 0
{{ s.name }}_group:
{%- for i in range(end=s.inputs) %}
        ld r{{ 2 + 2 * i }}, X+
        mov r{{ 3 + 2 * i }}, r{{ 2 + 2 * i }}
        lsl r{{ 3 + 2 * i }}
        sbc r{{ 3 + 2 * i }}, r{{ 3 + 2 * i }}
{%- endfor %}
        mov r28, r18
        mov r29, r19
        clr r16
        clr r17
{%- for i in range(end=s.inputs) %}
{%- for time in range(end=s.lowest) %}
        sub r16, r{{ 2 + 2 * i }}
        sbc r17, r{{ 3 + 2 * i }}
{%- endfor %}
{%- endfor %}
{%- for step in s.steps %}
{%- if step.op == "first" %}
{%- elif step.op == "add" %}
        add r16, r{{ step.low }}
        adc r17, r{{ step.high }}
{%- else %}
        sub r16, r{{ step.low }}
        sbc r17, r{{ step.high }}
{%- endif %}
{%- if step.move > 0 %}
        subi r28, {{ 256 - step.move }}
{%- endif %}
        std Y+{{ step.at }}, r16
        std Y+{{ step.at + 1 }}, r17
{%- endfor %}
        dec r24
        breq {{ s.name }}_end
{%- if s.per_page > 1 %}
        subi r18, 0xFE
        cpi r18, {{ s.stride }}
        brlo {{ s.name }}_more
        ldi r18, 0
        inc r19
{{ s.name }}_more:
{%- else %}
        inc r19
{%- endif %}
        rjmp {{ s.name }}_group
{{ s.name }}_end:
        ret
{%- endmacro tables %}

{# Rows that look their sums up. #}
{% macro walk(s) %}
; ---- {{ s.name }}: {% if s.data %}the flash chip{% else %}Z{% if s.wide %} and RAMPZ{% endif %}{% endif %}: rows of {{ s.groups }} bytes, r24: rows{% if s.gated %}, r20:r21: their gates{% endif %} ----
{%- if s.gated %}
; The sum of a row whose gate is 0 is not needed, and set to 0. A look at a gate takes 7 cycles. Changes r18, r20, r21 too.
{%- endif %}
; {% if s.adds %}Adds to the sums of 16 bits in acc{% else %}Leaves sums of 16 bits in acc{% endif %}. Y: a sum in a table, X: acc, r16:r17: a row's sum. Changes r0, r16, r17, r24, X, Y, Z.
; A row takes {{ s.cycles }} cycles, {{ s.look }} a byte.
{{ s.name }}:
        ldi r26, lo8(acc)
        ldi r27, hi8(acc)
{%- if s.data %}
{{- flash::pause(cycles=5) }}
{%- endif %}
{{ s.name }}_row:
{%- if s.gated %}
        movw r28, r20
        ld r0, Y+
        movw r20, r28
        tst r0
        brne {{ s.name }}_open
        rjmp {{ s.name }}_closed
{{ s.name }}_open:
{%- endif %}
        ldi r29, hi8(tables)
{%- for g in range(end=s.groups) %}
{%- set work = 6 %}
{%- if g == 0 %}
{%- set work = 15 %}
{%- if s.groups == 1 %}
{%- set work = 13 %}
{%- endif %}
{%- elif g == 1 %}
{%- set work = 4 %}
{%- endif %}
{{- flash::load(s=s, to=28, work=work) }}
{%- if g % s.per_page == 0 %}
{%- if g == 0 %}
        ld r16, Y
        ldd r17, Y+1
{%- else %}
        ld r0, Y
        add r16, r0
        ldd r0, Y+1
        adc r17, r0
{%- endif %}
{%- else %}
        ldd r0, Y+{{ 2 * (g % s.per_page) }}
        add r16, r0
        ldd r0, Y+{{ 2 * (g % s.per_page) + 1 }}
        adc r17, r0
{%- endif %}
{%- if g % s.per_page == s.per_page - 1 and g + 1 < s.groups %}
        inc r29
{%- endif %}
{%- endfor %}
{%- if s.adds %}
        ld r0, X
        add r16, r0
        st X+, r16
        ld r0, X
        adc r17, r0
        st X+, r17
{%- else %}
        st X+, r16
        st X+, r17
{%- endif %}
        dec r24
        breq {{ s.name }}_end
        rjmp {{ s.name }}_row
{%- if s.gated %}
{{ s.name }}_closed:
        st X+, r0
        st X+, r0
        adiw r30, {{ s.groups }}
{%- if s.wide %}
        in r18, 0x3B                    ; RAMPZ
        adc r18, r0
        out 0x3B, r18
{%- endif %}
        dec r24
        breq {{ s.name }}_end
        rjmp {{ s.name }}_row
{%- endif %}
{{ s.name }}_end:
        ret
{%- endmacro walk %}
