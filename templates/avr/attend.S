{% import "arithmetic.S" as arithmetic %}
{# New keys or values into their places of the caches. #}
{% macro append(s) %}
; ---- net_append: X: {{ s.kv_heads }} heads of {{ s.head_size }} bytes, Y: the first one's cache, r25: to be flipped in each byte ----
; Changes r0, r16 to r18, X, Y.
net_append:
        lds r16, net_slot
        ldi r17, {{ s.head_size }}
        mul r16, r17
        add r28, r0
        adc r29, r1
        clr r1
        ldi r16, {{ s.kv_heads }}
net_append_head:
        ldi r17, {{ s.head_size }}
net_append_byte:
        ld r18, X+
        eor r18, r25
        st Y+, r18
        dec r17
        brne net_append_byte
        subi r28, lo8(-({{ s.head_bytes - s.head_size }}))
        sbci r29, hi8(-({{ s.head_bytes - s.head_size }}))
        dec r16
        brne net_append_head
        ret
{%- endmacro append %}

{# What every head does: scores, weights, mean. #}
{% macro routine(s) %}
; ---- {{ s.name }}: all heads of a layer. r25:r24: the keys of its first head, r23: the page of its table of weights ----
; Keys of a head lie in a row, then its values, which are added 128. Changes all registers.
{{ s.name }}:
        sts net_keys, r24
        sts net_keys+1, r25
        sts net_table, r23
        ldi r24, lo8(queries)
        ldi r25, hi8(queries)
        sts net_query, r24
        sts net_query+1, r25
        ldi r24, lo8(mixed)
        ldi r25, hi8(mixed)
        sts net_mixed, r24
        sts net_mixed+1, r25
        ldi r24, {{ s.kv_heads }}
        sts net_kv_left, r24
{{ s.name }}_kv:
        ldi r24, {{ s.group }}
        sts net_heads_left, r24
{{ s.name }}_head:
        rcall net_scores
; Weights: Y: scores, X: weights, which end with their page. r12 to r14: the largest score, r16:r17: their sum, r15: positions left.
        ldi r28, lo8(scores)
        ldi r29, hi8(scores)
        lds r15, net_kept
        mov r26, r15
        neg r26
        ldi r27, hi8(weights)
        lds r31, net_table
        clr r2
        clr r16
        clr r17
{{ s.name }}_weight:
{%- if s.short %}
        movw r18, r12
        ld r0, Y+
        sub r18, r0
        ld r0, Y+
        sbc r19, r0                     ; below 2^16
{%- if s.sh.shift < 8 %}
{%- if s.sh.shift > 0 %}
        subi r18, {{ s.sh.less }}
        sbci r19, 0xFF
        brcc {{ s.name }}_far           ; a carry out of 16 bits
{%- endif %}
{%- if s.sh.bits >= 5 %}
        clr r20
{%- for bit in range(start=s.sh.bits, end=8) %}
        lsl r18
        rol r19
        rol r20
{%- endfor %}
        brne {{ s.name }}_far
        mov r30, r19
{%- else %}
{%- for bit in range(end=s.sh.bits) %}
        lsr r19
        ror r18
{%- endfor %}
        tst r19
        brne {{ s.name }}_far
        mov r30, r18
{%- endif %}
{%- elif s.sh.shift <= 16 %}
        clr r20
{%- if s.sh.at == 0 %}
        subi r18, {{ s.sh.less }}
        sbci r19, 0xFF
        sbci r20, 0xFF
{%- else %}
        subi r19, {{ s.sh.less }}
        sbci r20, 0xFF
{%- endif %}
{%- for bit in range(end=s.sh.shift - 8) %}
        lsr r20
        ror r19
{%- endfor %}
        tst r20
        brne {{ s.name }}_far
        mov r30, r19
{%- else %}
        ldi r30, 0                      ; below 2^16, rounded at 2^16 or above
{%- endif %}
{%- else %}
        movw r18, r12
        mov r20, r14
        ld r0, Y+
        sub r18, r0
        ld r0, Y+
        sbc r19, r0
        ld r0, Y+
        sbc r20, r0
{%- if s.sh.shift > 0 %}
        subi r{{ 18 + s.sh.at }}, {{ s.sh.less }}
{%- for i in range(start=s.sh.at + 1, end=3) %}
        sbci r{{ 18 + i }}, 0xFF
{%- endfor %}
{%- endif %}
{%- if s.sh.shift < 8 %}
        tst r20
        brne {{ s.name }}_far           ; 65536 / 2^7 is above 255
{%- if s.sh.bits >= 5 %}
{%- for bit in range(start=s.sh.bits, end=8) %}
        lsl r18
        rol r19
        rol r20
{%- endfor %}
        brne {{ s.name }}_far
        mov r30, r19
{%- else %}
{%- for bit in range(end=s.sh.bits) %}
        lsr r19
        ror r18
{%- endfor %}
        tst r19
        brne {{ s.name }}_far
        mov r30, r18
{%- endif %}
{%- elif s.sh.shift < 16 %}
{%- for bit in range(end=s.sh.bits) %}
        lsr r20
        ror r19
{%- endfor %}
        tst r20
        brne {{ s.name }}_far
        mov r30, r19
{%- else %}
{%- for bit in range(end=s.sh.bits) %}
        lsr r20
{%- endfor %}
        mov r30, r20
{%- endif %}
{%- endif %}
{{ s.name }}_near:
        lpm r18, Z
        st X+, r18
        add r16, r18
        adc r17, r2
        dec r15
        brne {{ s.name }}_weight
        rjmp {{ s.name }}_weighted
{{ s.name }}_far:
        ldi r30, 255
        rjmp {{ s.name }}_near
{{ s.name }}_weighted:
        rcall net_mean
        lds r24, net_heads_left
        dec r24
        sts net_heads_left, r24
        breq {{ s.name }}_next_kv
        rjmp {{ s.name }}_head
{{ s.name }}_next_kv:
        lds r24, net_keys
        lds r25, net_keys+1
        subi r24, lo8(-({{ s.head_bytes }}))
        sbci r25, hi8(-({{ s.head_bytes }}))
        sts net_keys, r24
        sts net_keys+1, r25
        lds r24, net_kv_left
        dec r24
        sts net_kv_left, r24
        breq {{ s.name }}_end
        rjmp {{ s.name }}_kv
{{ s.name }}_end:
        ret
{%- endmacro routine %}

{% macro scores(s) %}
; ---- net_scores: the next query times all keys; the largest product ends in r12 to r14 ----
; r16 to r25, r6 to r11: the query, r26: a key's byte, r27: one of the query's, r2 to r4: a score, r5: 0. r15: positions left.
; Z: keys, Y: scores, {% if s.short %}16 bits: they are proven to fit{% else %}24 bits{% endif %}. A position takes {{ s.cycles }} cycles.
net_scores:
        lds r26, net_query
        lds r27, net_query+1
{%- for i in range(end=s.head_size) %}
{%- if i < 10 %}
        ld r{{ 16 + i }}, X+
{%- else %}
        ld r{{ i - 4 }}, X+
{%- endif %}
{%- endfor %}
        sts net_query, r26
        sts net_query+1, r27
        lds r30, net_keys
        lds r31, net_keys+1
        ldi r28, lo8(scores)
        ldi r29, hi8(scores)
        lds r15, net_kept
        clr r5
        clr r12
        clr r13
        ldi r26, 0x80                   ; less than any score
        mov r1{% if s.short %}3{% else %}4{% endif %}, r26
net_score:
{%- for i in range(end=s.head_size) %}
        ld r26, Z+
{%- if i == 0 %}
        muls r26, r16
        movw r2, r0
{%- if not s.short %}
        sbc r4, r4                      ; the sign, from the carry
{%- endif %}
{%- else %}
{%- if i < 10 %}
        muls r26, r{{ 16 + i }}
{%- else %}
        mov r27, r{{ i - 4 }}
        muls r26, r27
{%- endif %}
{%- if s.short %}
        add r2, r0
        adc r3, r1
{%- else %}
        sbc r4, r5
        add r2, r0
        adc r3, r1
        adc r4, r5
{%- endif %}
{%- endif %}
{%- endfor %}
        st Y+, r2
        st Y+, r3
{%- if not s.short %}
        st Y+, r4
{%- endif %}
        cp r12, r2
        cpc r13, r3
{%- if not s.short %}
        cpc r14, r4
{%- endif %}
        brge net_score_next
        movw r12, r2
{%- if not s.short %}
        mov r14, r4
{%- endif %}
net_score_next:
        dec r15
        breq net_scores_end
        rjmp net_score
net_scores_end:
        clr r1
        ret
{%- endmacro scores %}

{% macro mean(s) %}
; ---- net_mean: the values' mean by the weights, whose sum is r17:r16, to the next of mixed ----
; Sums: r2 to r25, eight of 24 bits; r26: a weight, r27: 0. Y: values, Z: weights. A position takes 8 and 7 a value, with a
; weight of 0 9, and 10 for each eight values more.
net_mean:
        movw r24, r16
        clr r20                         ; n
        movw r18, r16
net_mean_bits:
        tst r19
        breq net_mean_norm
        lsr r19
        ror r18
        inc r20
        rjmp net_mean_bits
net_mean_norm:
        mov r30, r18
        ldi r31, hi8(reciprocals)
        lpm r0, Z
        sts net_reciprocal, r0
        sts net_normal, r20
        clr r19                         ; 128 times the sum: values are added 128
        lsr r25
        ror r24
        ror r19
        sts net_total, r19
        sts net_total+1, r24
        sts net_total+2, r25
{%- for pass in s.passes %}
        lds r28, net_keys
        lds r29, net_keys+1
        subi r28, lo8(-({{ s.values + pass.from }}))
        sbci r29, hi8(-({{ s.values + pass.from }}))
        lds r30, net_kept
        neg r30
        ldi r31, hi8(weights)
        clr r27
{%- for i in range(end=3 * pass.count) %}
        clr r{{ 2 + i }}
{%- endfor %}
net_mean_{{ pass.name }}:
        ld r26, Z+
        tst r26
        breq net_mean_{{ pass.name }}_next
{%- for i in range(end=pass.count) %}
        ldd r0, Y+{{ i }}
        mul r0, r26
        add r{{ 2 + 3 * i }}, r0
        adc r{{ 3 + 3 * i }}, r1
        adc r{{ 4 + 3 * i }}, r27
{%- endfor %}
net_mean_{{ pass.name }}_next:
        adiw r28, {{ s.head_size }}
        tst r30                         ; the weights end with their page
        brne net_mean_{{ pass.name }}
        ldi r26, lo8(sums+{{ 3 * pass.from }})
        ldi r27, hi8(sums+{{ 3 * pass.from }})
{%- for i in range(end=3 * pass.count) %}
        st X+, r{{ 2 + i }}
{%- endfor %}
{%- endfor %}
; Means. r6 to r8: net_total, r9, r10: what rounds, r5: 0, r11: n, r19: the reciprocal. r25: values left.
        lds r6, net_total
        lds r7, net_total+1
        lds r8, net_total+2
        lds r19, net_reciprocal
        lds r11, net_normal
        clr r5
        ldi r20, 0x40                   ; 2^(14 + n)
        ldi r21, 0
        mov r22, r11
        rjmp net_mean_round_test
net_mean_round:
        lsl r20
        rol r21
net_mean_round_test:
        dec r22
        brpl net_mean_round
        movw r12, r20
        ldi r30, lo8(sums)
        ldi r31, hi8(sums)
        lds r28, net_mixed
        lds r29, net_mixed+1
        ldi r25, {{ s.head_size }}
net_mean_value:
        ld r16, Z+
        ld r17, Z+
        ld r18, Z+
        sub r16, r6
        sbc r17, r7
        sbc r18, r8
        mulsu r18, r19
        movw r22, r0
        mul r16, r19
        movw r20, r0
        mul r17, r19
        add r21, r0
        adc r22, r1
        adc r23, r5
        add r21, r12
        adc r22, r13
        adc r23, r5
        mov r24, r11
        dec r24
        brpl net_mean_shift_test
        lsl r21                         ; n is 0: 15 shifts are 16 but one
        rol r22
        rol r23
        rjmp net_mean_shifted
net_mean_shift:
        asr r23
        ror r22
        dec r24
net_mean_shift_test:
        tst r24
        brne net_mean_shift
net_mean_shifted:
{{ arithmetic::sat8(lo=22, count=2, temp=24, label="net_mean_fits") }}
        st Y+, r22
        dec r25
        brne net_mean_value
        sts net_mixed, r28
        sts net_mixed+1, r29
        clr r1
        ret
{%- endmacro mean %}
