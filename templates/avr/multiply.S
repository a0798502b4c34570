{% import "flash.S" as flash %}
{# Sums of products by `mul`: a matrix in blocks of 16 columns, each block row by row. From a flash chip (`s.data`) Z is free, and
   what has time is done while a byte is on its way. #}
{% macro routine(s) %}
; ---- {{ s.name }}: {% if s.data %}weights that the flash chip reads{% else %}Z{% if s.wide %} and RAMPZ{% endif %}: weights{% endif %}, X: inputs, r24: rows, r25: blocks of 16 inputs ----
; Leaves sums of {% if s.short %}16 bits, which are proven to be enough,{% else %}24 bits{% endif %} in acc, and in net_sum what is to be taken from each. Inputs are added 128 and weights {{ s.offset }}, so that
; all products are positive: a row's start takes back the rest.
; r2 to r17: the inputs of a block, r18: a weight, r19: 0. r20 to r22: the sum, r23: rows left.
; r24, r25: a part of the sum that has 16 bits{% if s.form != "bytes8" %}; r26, {% if s.data %}r30{% else %}r27{% endif %}: packed weights{% endif %}. Changes all registers.
; A row and block take {{ s.cycles }} cycles, in the first block three less.
{{ s.name }}:
        sts net_rows, r24
        set                             ; the first block: its sums are new
        clr r19
        sts net_sum, r19
        sts net_sum+1, r19
{%- if s.data and s.form == "fives" %}
{{- flash::load(s=s, to=30, work=16) }}                   ; the fifth bits of eight are there before a row begins
{%- endif %}
{{ s.name }}_block:
        sts net_blocks, r25
        lds r20, net_sum
        lds r21, net_sum+1
{%- for i in range(start=2, end=18) %}
        ld r18, X+
        subi r18, 0x80
        mov r{{ i }}, r18
        add r20, r18
        adc r21, r19
{%- endfor %}
        sts net_sum, r20
        sts net_sum+1, r21
        sts net_inputs, r26
        sts net_inputs+1, r27
        ldi r28, lo8(acc)
        ldi r29, hi8(acc)
        lds r23, net_rows
        brts {{ s.name }}_first
        rjmp {{ s.name }}_more
{%- set part = 24 %}
{%- if s.short %}
{%- set part = 20 %}
{%- endif %}
{%- for pass in ["first", "more"] %}
{#- The sum so far is read while weights are on their way. #}
{%- set later = pass == "more" and s.data and s.form == "nibbles" and not s.short %}
{{ s.name }}_{{ pass }}:
{%- if pass == "first" %}
        clr r20
        clr r21
{%- if not s.short %}
        clr r22
{%- endif %}
{%- elif not later %}
        ld r20, Y
        ldd r21, Y+1
{%- if not s.short %}
        ldd r22, Y+2
{%- endif %}
{%- endif %}
{%- if s.form == "bytes8" %}
{%- for i in range(start=2, end=18) %}
{%- set work = 4 %}
{%- if i == 2 %}
{%- set work = 14 %}
{%- if not s.short or pass == "more" %}
{%- set work = 16 %}
{%- endif %}
{%- elif not s.short %}
{%- set work = 5 %}
{%- endif %}
{{- flash::load(s=s, to=18, work=work) }}
        mul r18, r{{ i }}
        add r20, r0
        adc r21, r1
{%- if not s.short %}
        adc r22, r19
{%- endif %}
{%- endfor %}
{%- elif s.form == "bytes" %}
{%- for half in [2, 10] %}
{%- for i in range(end=8) %}
        {{ s.lpm }} r18, Z+
        mul r18, r{{ half + i }}
{%- if s.short %}
        add r20, r0
        adc r21, r1
{%- elif i == 0 %}
        movw r24, r0
{%- else %}
        add r24, r0
        adc r25, r1
{%- endif %}
{%- endfor %}
{%- if not s.short %}
        add r20, r24                    ; eight products of 31 * 255 at most are below 2^16
        adc r21, r25
        adc r22, r19
{%- endif %}
{%- endfor %}
{%- elif s.form == "nibbles" %}
{%- for i in range(end=8) %}
{%- set work = 12 %}
{%- if i == 0 %}
{%- set work = 16 %}
{%- elif later and i < 3 %}
{%- set work = 16 - i %}
{%- elif i == 1 and not s.short %}
{%- set work = 11 %}
{%- endif %}
{{- flash::load(s=s, to=18, work=work) }}
{%- if later and i == 0 %}
        ld r20, Y
        ldd r21, Y+1
{%- elif later and i == 1 %}
        ldd r22, Y+2
{%- endif %}
        mov r26, r18
        andi r26, 15
        mul r26, r{{ 2 + 2 * i }}
{%- if s.short %}
        add r20, r0
        adc r21, r1
{%- elif i == 0 %}
        movw r24, r0
{%- else %}
        add r24, r0
        adc r25, r1
{%- endif %}
        swap r18
        andi r18, 15
        mul r18, r{{ 3 + 2 * i }}
        add r{{ part }}, r0
        adc r{{ part + 1 }}, r1
{%- endfor %}
{%- if not s.short %}
        add r20, r24                    ; 16 products of 15 * 255 at most
        adc r21, r25
        adc r22, r19
{%- endif %}
{%- else %}
{%- set fifths = 27 %}
{%- if s.data %}
{%- set fifths = 30 %}
{%- endif %}
{%- for half in [0, 1] %}
{%- if not s.data %}
        {{ s.lpm }} r27, Z+                   ; the fifth bits of eight
{%- elif half == 1 %}
{{- flash::load(s=s, to=30, work=16) }}
{%- if not s.short %}
        add r20, r24
        adc r21, r25
        adc r22, r19
{%- endif %}
{%- endif %}
{%- for i in range(end=4) %}
{%- set work = 16 %}
{%- if i == 0 and half == 1 %}
{%- set work = 3 %}
{%- if s.short %}
{%- set work = 0 %}
{%- endif %}
{%- elif i == 0 and s.short %}
{%- set work = 10 %}
{%- if pass == "more" %}
{%- set work = 12 %}
{%- endif %}
{%- elif i == 1 and not s.short %}
{%- set work = 15 %}
{%- endif %}
{{- flash::load(s=s, to=18, work=work) }}
        mov r26, r18
        andi r26, 15
        sbrc r{{ fifths }}, {{ 2 * i }}
        ori r26, 16
        mul r26, r{{ 2 + 8 * half + 2 * i }}
{%- if s.short %}
        add r20, r0
        adc r21, r1
{%- elif i == 0 %}
        movw r24, r0
{%- else %}
        add r24, r0
        adc r25, r1
{%- endif %}
        swap r18
        andi r18, 15
        sbrc r{{ fifths }}, {{ 2 * i + 1 }}
        ori r18, 16
        mul r18, r{{ 3 + 8 * half + 2 * i }}
        add r{{ part }}, r0
        adc r{{ part + 1 }}, r1
{%- endfor %}
{%- if s.data and half == 1 %}
{{- flash::load(s=s, to=30, work=16) }}                   ; of the next row
{%- endif %}
{%- if s.short or s.data and half == 0 %}
{%- else %}
        add r20, r24
        adc r21, r25
        adc r22, r19
{%- endif %}
{%- endfor %}
{%- endif %}
        st Y+, r20
        st Y+, r21
{%- if not s.short %}
        st Y+, r22
{%- endif %}
        dec r23
        breq {{ s.name }}_next_{{ pass }}
        rjmp {{ s.name }}_{{ pass }}
{{ s.name }}_next_{{ pass }}:
{%- if pass == "first" %}
        clt
        rjmp {{ s.name }}_next
{%- endif %}
{%- endfor %}
{{ s.name }}_next:
        lds r26, net_inputs
        lds r27, net_inputs+1
        lds r25, net_blocks
        dec r25
        breq {{ s.name }}_end
        rjmp {{ s.name }}_block
{{ s.name }}_end:
        lds r20, net_sum
        lds r21, net_sum+1
        ldi r18, {{ s.offset }}
        mul r20, r18
        movw r22, r0
        mul r21, r18
        add r23, r0
        adc r1, r19
        sts net_sum, r22
        sts net_sum+1, r23
        sts net_sum+2, r1
        clr r1
        ret
{%- endmacro routine %}
