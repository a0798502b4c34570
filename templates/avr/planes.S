{# A table of sums for each group of inputs. #}
{% macro tables(s) %}
; Y: the next input, low byte; Z: high byte. r20: the column of a table in its page, r21: the page. r2 to r9: four inputs.
        ldi r20, 0
        ldi r21, hi8({{ s.scratch }})
{%- for t in s.inputs %}
        ldi r28, lo8({{ t.low }})
        ldi r29, hi8({{ t.low }})
        ldi r30, lo8({{ t.high }})
        ldi r31, hi8({{ t.high }})
{%- for g in t.loops %}
{%- if g.count > 1 %}
        ldi r19, {{ g.count }}
{%- endif %}
{{ g.label }}:
{%- for i in range(end=g.inputs) %}
        ld r24, Y+
        ld r25, Z+
        tst r25
        brpl {{ g.label }}_input_{{ i }}
        ldi r24, 0
        ldi r25, 0
{{ g.label }}_input_{{ i }}:
{%- for bit in range(end=s.shift) %}
        lsr r25
        ror r24
{%- endfor %}
        movw r{{ 2 + 2 * i }}, r24
{%- endfor %}
{%- for i in range(end=g.missing) %}
        clr r{{ 8 - 2 * i }}
        clr r{{ 9 - 2 * i }}
{%- endfor %}
        {{ s.call }} {{ s.fill }}
        subi r20, -2
        cpi r20, 16
        brlo {{ g.label }}_next
        ldi r20, 0
        inc r21
{{ g.label }}_next:
{%- if g.count > 1 %}
        dec r19
        breq {{ g.label }}_end
        rjmp {{ g.label }}
{{ g.label }}_end:
{%- endif %}
{%- endfor %}
{%- endfor %}
{%- endmacro tables %}

{# Bytes of a plane: each looks two sums up. #}
{% macro looks(pairs, op, carry) %}
{%- for p in pairs %}
        lpm r28, Z+
{%- if p.second is number %}
        mov r18, r28
{%- endif %}
        andi r28, 0xF0
        ldd r0, Y+{{ p.first }}
        {{ op }} r24, r0
        ldd r0, Y+{{ p.first + 1 }}
        {{ carry }} r25, r0
{%- if p.second is number %}
        swap r18
        andi r18, 0xF0
        mov r28, r18
        ldd r0, Y+{{ p.second }}
        {{ op }} r24, r0
        ldd r0, Y+{{ p.second + 1 }}
        {{ carry }} r25, r0
{%- endif %}
{%- endfor %}
{%- endmacro looks %}

{# A plane of a row, page by page. #}
{% macro walk(s, plane, op, carry) %}
        ldi r29, hi8({{ s.scratch }})
{%- if s.walk.pages > 1 %}
{{ s.name }}_{{ plane }}:
{{- self::looks(pairs=s.walk.page, op=op, carry=carry) }}
        inc r29
        cpi r29, hi8({{ s.scratch }}+{{ s.walk.pages * 256 }})
        brne {{ s.name }}_{{ plane }}
{%- elif s.walk.pages == 1 %}
{{- self::looks(pairs=s.walk.page, op=op, carry=carry) }}
{%- if s.walk.rest %}
        inc r29
{%- endif %}
{%- endif %}
{{- self::looks(pairs=s.walk.rest, op=op, carry=carry) }}
{%- endmacro walk %}

{# All rows, tile by tile. #}
{% macro rows(s) %}
; Z: the weights. X: the output, r20 the page of its low byte, r21 of its high byte. r19: rows left of the tile.
        ldi r30, lo8({{ s.name }}_rows)
        ldi r31, hi8({{ s.name }}_rows)
{%- for t in s.outputs %}
        ldi r26, lo8({{ t.low }})
        ldi r20, hi8({{ t.low }})
        ldi r21, hi8({{ t.high }})
        ldi r19, {{ t.count }}
        rcall {{ s.name }}_row
{%- endfor %}
        rjmp {{ s.name }}_done
{{ s.name }}_row:
{%- if s.signs %}
        lpm r24, Z+
        lpm r25, Z+
{{- self::walk(s=s, plane="signs", op="add", carry="adc") }}
{%- else %}
        clr r24                         ; the start, less twice the sums of h, and the sums of l
        clr r25
{{- self::walk(s=s, plane="h", op="sub", carry="sbc") }}
        lsl r24
        rol r25
{{- self::walk(s=s, plane="l", op="add", carry="adc") }}
        lpm r16, Z+
        lpm r17, Z+
        add r24, r16
        adc r25, r17
{%- endif %}
        mov r27, r20
        st X, r24
        mov r27, r21
        st X+, r25
        dec r19
        breq {{ s.name }}_tile_end
        rjmp {{ s.name }}_row
{{ s.name }}_tile_end:
        ret
{{ s.name }}_done:
{%- endmacro rows %}

{% macro weights(s) %}
; {{ s.name }}: rows in bit planes with their start values
{{ s.name }}_rows:
{%- for row in s.rows %}
{%- for line in row %}
        {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro weights %}

{# Fills a table with the sums of all subsets, or of all inputs with all signs. #}
{% macro fill(s) %}
; ---- planes: the sums of four inputs, r2 to r9, at 16 places in column r20 of page r21 -------
; From the sum of none on, each differs from the one before by one input. Changes r2 to r9, r24 to r27.
{{ s.name }}:
        mov r26, r20
        mov r27, r21
{%- if s.signs %}
        movw r24, r2                    ; all are subtracted; an input that is added makes a difference of twice itself
        add r24, r4
        adc r25, r5
        add r24, r6
        adc r25, r7
        add r24, r8
        adc r25, r9
        com r25
        neg r24
        sbci r25, 0xFF
{%- for low in [2, 4, 6, 8] %}
        lsl r{{ low }}
        rol r{{ low + 1 }}
{%- endfor %}
{%- else %}
        clr r24
        clr r25
{%- endif %}
        st X+, r24
        st X, r25
{%- for step in s.steps %}
        {{ step.ops[0] }} r24, r{{ step.low }}
        {{ step.ops[1] }} r25, r{{ step.high }}
        subi r26, {{ step.back }}
        st X+, r24
        st X, r25
{%- endfor %}
        ret
{%- endmacro fill %}
