{# Replies that grow side by side: what becomes of logits, and what replies.S calls.

   A record has 8 bytes: the cost (4), the token (2), the reply that it continues or its place in the round, the place of its keys and
   values. s.width; s.outputs; s.bits, s.count: of weights; s.bytes: of a reply's keys and values; s.size: of a token that waits;
   s.prior: none, or the bits that costs of a prior are shifted by: which they are goes by the tokens that the reply read last. #}
{# r{to + 1}:r{to} points to what lies at `place`. #}
{% macro at(to, place) %}
        ldi r{{ to }}, lo8({{ place }})
        ldi r{{ to + 1 }}, hi8({{ place }})
{%- endmacro at %}

{# So many bytes at one place go to another one. X and Z: behind them. #}
{% macro move(from, to, bytes) %}
{{- self::at(to=26, place=from) }}
{{- self::at(to=30, place=to) }}
        ldi r24, {{ bytes }}
        call net_beam_move
{%- endmacro move %}

{% macro score(s) %}
; ---- net_beam_score: all logits of reply (beam_reply) are there: its tokens are put among the cheapest ----
; r5:r4: the largest logit, r12 to r10: the sum of weights, r20: how often it is halved, r9 to r6: what the reply costs with a token of
; that logit; then r25:r24: a token, r15 to r12: the cost with it, r23 to r20: the largest cost that is there. Y: logits.
; Changes all but r1.
net_beam_score:
        lds r4, net_best
        lds r5, net_best+1
{{- self::at(to=28, place="beam_logits") }}
{{- self::at(to=24, place=s.outputs) }}
        clr r10
        clr r11
        clr r12
net_beam_weigh:
        ld r18, Y+
        ld r19, Y+
        movw r30, r4
        sub r30, r18
        sbc r31, r19
{%- if s.bits == 8 %}
        mov r30, r31
        clr r31
{%- else %}
{%- for bit in range(end=s.bits) %}
        lsr r31
        ror r30
{%- endfor %}
{%- endif %}
{%- if s.count < 256 %}
        cpi r30, {{ s.count }}
        cpc r31, r1
        brsh net_beam_far
{%- else %}
        tst r31
        brne net_beam_far
{%- endif %}
        subi r30, lo8(-(beam_weights))
        sbci r31, hi8(-(beam_weights))
        lpm r0, Z
        add r10, r0
        adc r11, r1
        adc r12, r1
net_beam_far:
        sbiw r24, 1
        brne net_beam_weigh
        clr r20                         ; its logarithm
net_beam_shift:
        mov r0, r11
        or r0, r12
        breq net_beam_shifted
        lsr r12
        ror r11
        ror r10
        inc r20
        rjmp net_beam_shift
net_beam_shifted:
        lds r24, beam_reply
        rcall net_beam_record
        ld r6, Z
        ldd r7, Z+1
        ldd r8, Z+2
        ldd r9, Z+3
{%- if s.prior is number %}
        lds r18, net_last               ; the first of all replies has no token of its own: it has the last that was read
        std Z+4, r18
        lds r18, net_last+1
        std Z+5, r18
{%- endif %}
        tst r20
        breq net_beam_alone
        mov r30, r10                    ; 128 to 255
        clr r31
        lsl r30
        rol r31
        subi r30, lo8(-(beam_parts-256))
        sbci r31, hi8(-(beam_parts-256))
        lpm r18, Z+
        lpm r19, Z
        add r6, r18
        adc r7, r19
        adc r8, r1
        adc r9, r1
        mov r30, r20                    ; 1 to 16
        clr r31
        lsl r30
        lsl r30
        subi r30, lo8(-(beam_powers-4))
        sbci r31, hi8(-(beam_powers-4))
{%- for i in range(end=4) %}
        lpm r18, Z{% if i < 3 %}+{% endif %}
        {% if i == 0 %}add{% else %}adc{% endif %} r{{ 6 + i }}, r18
{%- endfor %}
net_beam_alone:
        rcall net_beam_dearest
{{- self::at(to=28, place="beam_logits") }}
        clr r24
        clr r25
net_beam_each:
        ld r18, Y+
        ld r19, Y+
        movw r12, r4
        sub r12, r18
        sbc r13, r19
        movw r14, r8
        add r12, r6
        adc r13, r7
        adc r14, r1
        adc r15, r1
        cp r12, r20
        cpc r13, r21
        cpc r14, r22
        cpc r15, r23
        brsh net_beam_leave
        rcall net_beam_put
net_beam_leave:
        adiw r24, 1
        ldi r18, hi8({{ s.outputs }})
        cpi r24, lo8({{ s.outputs }})
        cpc r25, r18
        brne net_beam_each
        ret

; r15 to r12: the cost of token r25:r24, less than that of the last record. It goes behind those that cost no more.
; Z: a record. Changes r16, r17, r20 to r23, Z.
net_beam_put:
        ldi r30, lo8(beam_next+{{ 8 * s.width - 8 }})
        ldi r31, hi8(beam_next+{{ 8 * s.width - 8 }})
        ldi r16, {{ s.width - 1 }}
net_beam_before:
        sbiw r30, 8
{%- for i in range(end=4) %}
        ldd r17, Z+{{ i }}
        {% if i == 0 %}cp{% else %}cpc{% endif %} r{{ 12 + i }}, r17
{%- endfor %}
        brsh net_beam_behind
{%- for i in range(end=8) %}
        ldd r17, Z+{{ i }}
        std Z+{{ 8 + i }}, r17
{%- endfor %}
        dec r16
        brne net_beam_before
        rjmp net_beam_here
net_beam_behind:
        adiw r30, 8
net_beam_here:
{%- for i in range(end=4) %}
        std Z+{{ i }}, r{{ 12 + i }}
{%- endfor %}
        std Z+4, r24
        std Z+5, r25
        lds r17, beam_reply
        std Z+6, r17
; r23 to r20: the largest cost that is there.
net_beam_dearest:
{%- for i in range(end=4) %}
        lds r{{ 20 + i }}, beam_next+{{ 8 * s.width - 8 + i }}
{%- endfor %}
        ret

; Z: record r24 of the replies that grow. Changes r24.
net_beam_record:
        lsl r24
        lsl r24
        lsl r24
{{- self::at(to=30, place="beam_now") }}
        add r30, r24
        adc r31, r1
        ret

; All of a round are dear, until there are others. Changes r24, r25, Z.
net_beam_empty:
{{- self::at(to=30, place="beam_next") }}
        ldi r24, {{ 8 * s.width }}
        ldi r25, 0xFF
net_beam_dear:
        st Z+, r25
        dec r24
        brne net_beam_dear
        ret
{%- endmacro score %}

{% macro code(s) %}
; Reply (beam_reply) is read next: its token waits, and its keys and values are those of the network. Changes r18, r24, Y, Z.
net_beam_wait:
        lds r24, beam_reply
{%- if s.prior is number %}
        rcall net_beam_noted
        ld r18, Z                       ; when its token is read it is the one before
        sts net_last, r18
        ldd r18, Z+1
        sts net_last+1, r18
        lds r24, beam_reply
{%- endif %}
        rcall net_beam_record
        movw r28, r30
        ldd r24, Y+7
        rcall net_beam_place
        sts beam_caches, r30
        sts beam_caches+1, r31
{{- self::at(to=30, place="net_tokens") }}
        sts net_next, r30
        sts net_next+1, r31
        ldd r24, Y+4
        st Z, r24
{%- if s.size == 2 %}
        ldd r24, Y+5
        std Z+1, r24
{%- endif %}
        ldi r24, 1
        sts net_waiting, r24
        ret
{%- if s.prior is number %}

; Z: what is noted for reply r24 of those that grow: the token that it read last but one. Changes r24.
net_beam_noted:
        lsl r24
{{- self::at(to=30, place="beam_former") }}
        add r30, r24
        adc r31, r1
        ret
{%- endif %}

; Z: what is noted of the token of reply r24 in the row at Z. Changes r24.
net_beam_note:
        add r30, r24
        adc r31, r1
        lsl r24
        add r30, r24
        adc r31, r1
        ret

; Keys and values of place r24 are copied to place r25. Changes r0, r18, r24, r25, X, Z.
net_beam_copy:
        mov r18, r25
        rcall net_beam_place
        movw r26, r30
        mov r24, r18
        rcall net_beam_place
{{- self::at(to=24, place=s.bytes) }}
net_beam_copied:
        ld r0, X+
        st Z+, r0
        sbiw r24, 1
        brne net_beam_copied
        ret

; r24 bytes at X go to Z. Changes r0, r24, X, Z.
net_beam_move:
        ld r0, X+
        st Z+, r0
        dec r24
        brne net_beam_move
        ret

; Z: the first byte of place r24. Changes r24.
net_beam_place:
{{- self::at(to=30, place="caches") }}
        rjmp net_beam_place_test
net_beam_place_next:
        subi r30, lo8(-({{ s.bytes }}))
        sbci r31, hi8(-({{ s.bytes }}))
net_beam_place_test:
        dec r24
        brpl net_beam_place_next
        ret

; C: the reply of record Y, which has ended, costs less a token than the best before: their costs, each times the tokens of the
; other, are compared. Changes r0, r2 to r13, r18, r20, r24, r25, Z.
net_beam_likelier:
        movw r30, r28
        lds r24, beam_best+4
        lds r25, beam_best+5
        rcall net_beam_times
        movw r8, r2
        movw r10, r4
        movw r12, r6
{{- self::at(to=30, place="beam_best") }}
        lds r24, beam_round
        lds r25, beam_round+1
        rcall net_beam_times
        cp r8, r2
{%- for i in range(start=1, end=6) %}
        cpc r{{ 8 + i }}, r{{ 2 + i }}
{%- endfor %}
        ret

; r7 to r2: the cost at Z times r25:r24. r20: 0. Changes r0, r18.
net_beam_times:
        clr r20
{%- for i in range(end=6) %}
        clr r{{ 2 + i }}
{%- endfor %}
{%- for i in range(end=4) %}
        ldd r18, Z+{{ i }}
{%- for j in range(end=2) %}
        mul r18, r{{ 24 + j }}
        add r{{ 2 + i + j }}, r0
        adc r{{ 3 + i + j }}, r1
{%- for k in range(start=i + j + 2, end=6) %}
        adc r{{ 2 + k }}, r20
{%- endfor %}
{%- endfor %}
{%- endfor %}
        clr r1
        ret
{%- endmacro code %}
