{% import "arithmetic.S" as arithmetic %}
{% import "prior.S" as prior %}
{# Sums to results: times a mantissa, shifted, saturated. `s.sum`: bits of sums; `s.to`: "8", "16", "x" (added to what is
   there) or "best" (compared with the best so far). #}
{% macro routine(s) %}
; ---- {{ s.name }}: the sums at Y, r24 of them, times mantissas, shifted by {{ s.sh.shift }}, to {{ s.about }} ----
; Z: what flash has for each row: {% if s.starts %}its start ({{ s.sum / 8 }} bytes), {% endif %}its mantissa{% if s.bias %}, its bias (2){% endif %}. {% if s.to != "best" %}X: the results{% else %}r26, r27: the index behind the last row{% endif %}.
; Y: sums, r16 to r18: a sum, r19: its mantissa, r20 to r23: the product, r2: 0, r3 to r5: net_sum, r25: rows left{% if s.to == "best" %}, r6:r7: the best{% endif %}.
; Changes r0, r2 to r7, r16 to r25, X, Y, Z.
{{ s.name }}:
        mov r25, r24
        clr r2
{%- if s.starts %}
        lds r3, net_sum
        lds r4, net_sum+1
{%- if s.sum == 24 %}
        lds r5, net_sum+2
{%- endif %}
{%- endif %}
{%- set best = "net_best" %}
{%- if s.bar and s.bar == "second" %}
{%- set best = "net_second" %}
{%- endif %}
{%- if s.to == "best" %}
        lds r6, {{ best }}
        lds r7, {{ best }}+1
{%- endif %}
{{ s.name }}_row:
{%- if s.sum == 24 %}
        ld r16, Y+
        ld r17, Y+
        ld r18, Y+
        lpm r19, Z+
        add r16, r19
        lpm r19, Z+
        adc r17, r19
        lpm r19, Z+
        adc r18, r19
        sub r16, r3
        sbc r17, r4
        sbc r18, r5
        lpm r19, Z+
        mulsu r18, r19
        movw r22, r0
        mul r16, r19
        movw r20, r0
        mul r17, r19
        add r21, r0
        adc r22, r1
        adc r23, r2
{%- else %}
        ld r16, Y+
        ld r17, Y+
{%- if s.starts %}
        lpm r19, Z+
        add r16, r19
        lpm r19, Z+
        adc r17, r19
        sub r16, r3
        sbc r17, r4
{%- endif %}
        lpm r19, Z+
{{- arithmetic::scaled(bytes=s.bytes) }}
{%- endif %}
{{ arithmetic::round_shift(lo=20, bytes=s.bytes, sh=s.sh) }}
{%- set y = 20 + s.sh.first %}
{%- set count = s.bytes - s.sh.drop %}
{%- if s.to == "8" and not s.bias %}
{{ arithmetic::sat8(lo=y, count=count, temp=16, label=s.name ~ "_fits") }}
        st X+, r{{ y }}
{%- else %}
{{ arithmetic::sat16(lo=y, count=count, temp=16, label=s.name ~ "_fits") }}
{%- if s.bias %}
        lpm r16, Z+
        lpm r17, Z+
        add r{{ y }}, r16
        adc r{{ y + 1 }}, r17
{{ arithmetic::sat_sum(lo=y, label=s.name ~ "_bias") }}
{%- endif %}
{%- if s.to == "8" %}
{{ arithmetic::sat8(lo=y, count=2, temp=16, label=s.name ~ "_byte") }}
        st X+, r{{ y }}
{%- elif s.to == "16" %}
        st X+, r{{ y }}
        st X+, r{{ y + 1 }}
{%- elif s.to == "x" %}
        ld r16, X+
        ld r17, X
        add r16, r{{ y }}
        adc r17, r{{ y + 1 }}
{{ arithmetic::sat_sum(lo=16, label=s.name ~ "_sum") }}
        st X, r17
        st -X, r16
        adiw r26, 2
{%- else %}
        mov r16, r{{ y }}
        mov r17, r{{ y + 1 }}
{%- if s.prior is number %}
{{- prior::cost(s=s) }}
{%- endif %}
        sts logit, r16
        sts logit+1, r17
{%- if s.kept %}
        push r30
        push r31
        lds r30, {{ s.kept }}_at
        lds r31, {{ s.kept }}_at+1
        st Z+, r16
        st Z+, r17
        sts {{ s.kept }}_at, r30
        sts {{ s.kept }}_at+1, r31
        pop r31
        pop r30
{%- endif %}
logits_ready:                           ; a logit lies at logit
{%- if s.bar %}
        subi r17, 0x80                  ; compared without signs
{%- if s.bar == "least" %}
        cp r16, r6
        cpc r17, r7
        brlo {{ s.name }}_not_more
{%- else %}
        cp r6, r16
        cpc r7, r17
        brsh {{ s.name }}_not_more
{%- endif %}
        movw r18, r26
        sub r18, r25
        sbc r19, r2
        call net_keep
{{ s.name }}_not_more:
{%- else %}
        cp r6, r16
        cpc r7, r17
        brge {{ s.name }}_not_more
        movw r6, r16
        movw r16, r26
        sub r16, r25
        sbc r17, r2
        sts net_token, r16
        sts net_token+1, r17
{{ s.name }}_not_more:
{%- endif %}
{%- endif %}
{%- endif %}
        dec r25
{%- if not s.bias and (s.to == "8" or s.to == "16") %}
        brne {{ s.name }}_row
{%- else %}
        breq {{ s.name }}_end
        rjmp {{ s.name }}_row
{{ s.name }}_end:
{%- endif %}
{%- if s.to == "best" %}
        sts {{ best }}, r6
        sts {{ best }}+1, r7
{%- endif %}
        clr r1
        ret
{%- endmacro routine %}
