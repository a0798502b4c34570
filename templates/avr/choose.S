{# How a token is chosen where it is not simply the one with the largest logit. Logits are compared without signs, the upper bit
   flipped. `s.draw`: tokens are drawn; `s.penalty`: those read last are held back. #}
{% macro read(s) %}
{%- if s.penalty %}
; ---- net_remember: the token r25:r24 is one of those read last. Changes r18 to r21, X ----
net_remember:
        lds r18, net_recent_next
        ldi r26, lo8(net_recent)
        ldi r27, hi8(net_recent)
        add r26, r18
        adc r27, r1
        add r26, r18
        adc r27, r1
        st X+, r24
        st X, r25
        inc r18
        cpi r18, {{ s.penalty.recent }}
        brne net_remember_next
        clr r18
net_remember_next:
        sts net_recent_next, r18
        lds r18, net_recent_count
        cpi r18, {{ s.penalty.recent }}
        breq net_remembered
        inc r18
        sts net_recent_count, r18
net_remembered:
        ret

; ---- net_mark: a bit in net_said for each token, set for those read last. Changes r18 to r25, X, Y ----
net_mark:
        ldi r26, lo8(net_said)
        ldi r27, hi8(net_said)
        ldi r24, lo8({{ s.said }})
        ldi r25, hi8({{ s.said }})
net_mark_clear:
        st X+, r1
        sbiw r24, 1
        brne net_mark_clear
        ldi r28, lo8(net_recent)
        ldi r29, hi8(net_recent)
        lds r22, net_recent_count
net_mark_next:
        ld r18, Y+
        ld r19, Y+
        rcall net_mark_place
        or r20, r21
        st X, r20
        dec r22
        brne net_mark_next
        ret

; X: the byte of token r19:r18 in net_said, r20: that byte, r21: the bit.
net_mark_place:
        mov r26, r18
        mov r27, r19
{%- for bit in range(end=3) %}
        lsr r27
        ror r26
{%- endfor %}
        subi r26, lo8(-(net_said))
        sbci r27, hi8(-(net_said))
        ldi r21, 1
        mov r20, r18
        andi r20, 7
        rjmp net_mark_bit_test
net_mark_bit:
        lsl r21
net_mark_bit_test:
        dec r20
        brpl net_mark_bit
        ld r20, X
        ret
{%- endif %}
{%- endmacro read %}

{% macro keep(s) %}
; ---- net_keep: a logit that may be the token's: r17:r16, its upper bit flipped; r19:r18: its token, r2: 0 ----
; r7:r6: {% if s.draw %}less is not drawn{% else %}the best so far{% endif %}. Changes r0, r1, r6 to r15, r16 to r24.
net_keep:
        movw r8, r26
{%- if s.penalty %}
        movw r14, r18
        call net_mark_place
        movw r18, r14
        and r20, r21
        breq net_keep_plain
        subi r17, 0x80                  ; with its sign
        brmi net_keep_minus
        mov r20, r16
        or r20, r17
        breq net_keep_minus
        ldi r23, {{ s.penalty.above }}                  ; above 0: times {{ s.penalty.above }} / 256
        mul r16, r23
        mov r16, r1
        mul r17, r23
        add r16, r0
        mov r17, r1
        adc r17, r2
        rjmp net_keep_held
net_keep_minus:
        ldi r23, {{ s.penalty.below }}                  ; times {{ s.penalty.below }} / 64, which is a shift left by 2 and 8 right
        mul r16, r23
        movw r20, r0
        mulsu r17, r23
        mov r22, r1
        add r21, r0
        adc r22, r2
        mov r23, r22
        lsl r23
        sbc r23, r23
{%- for bit in range(end=2) %}
        lsl r20
        rol r21
        rol r22
        rol r23
{%- endfor %}
        mov r16, r21
        mov r17, r22
        lsl r22
        sbc r22, r22
        cp r22, r23
        breq net_keep_held
        ldi r16, 0x00                   ; saturated
        ldi r17, 0x80
net_keep_held:
        subi r17, 0x80
{%- if s.draw %}
        cp r16, r6
        cpc r17, r7
        brsh net_keep_plain
{%- else %}
        cp r6, r16
        cpc r7, r17
        brlo net_keep_plain
{%- endif %}
        movw r26, r8
        ret
net_keep_plain:
{%- endif %}
{%- if s.draw %}
; It goes behind all that are not smaller; of a full list the last one goes. X: its place, r10 to r13: an entry.
        lds r20, net_count
        ldi r21, 4
        mul r20, r21
        movw r26, r0
        subi r26, lo8(-(net_choices))
        sbci r27, hi8(-(net_choices))
        cpi r20, {{ s.draw.top_k }}
        breq net_keep_full
        inc r20
        sts net_count, r20
        rjmp net_keep_place
net_keep_full:
        sbiw r26, 4
        ld r10, X+
        ld r11, X
        sbiw r26, 1
        cp r10, r16
        cpc r11, r17
        brlo net_keep_place
        movw r26, r8
        ret
net_keep_place:
        cpi r26, lo8(net_choices)
        ldi r21, hi8(net_choices)
        cpc r27, r21
        breq net_keep_put
        sbiw r26, 4
        ld r10, X+
        ld r11, X+
        cp r10, r16
        cpc r11, r17
        brsh net_keep_behind
        ld r12, X+
        ld r13, X+
        st X+, r10
        st X+, r11
        st X+, r12
        st X+, r13
        sbiw r26, 8
        rjmp net_keep_place
net_keep_behind:
        adiw r26, 2
net_keep_put:
        st X+, r16
        st X+, r17
        st X+, r18
        st X+, r19
; What is smaller is not kept from now on.
{%- if s.draw.reach %}
        lds r6, net_choices
        lds r7, net_choices+1
        ldi r21, lo8({{ s.draw.reach - 1 }})
        sub r6, r21
        ldi r21, hi8({{ s.draw.reach - 1 }})
        sbc r7, r21
        brcc net_keep_near
{%- endif %}
        clr r6
        clr r7
net_keep_near:
        lds r20, net_count
        cpi r20, {{ s.draw.top_k }}
        brne net_keep_end
        lds r20, net_choices+{{ 4 * s.draw.top_k - 4 }}
        lds r21, net_choices+{{ 4 * s.draw.top_k - 3 }}
        cp r6, r20
        cpc r7, r21
        brsh net_keep_end
        movw r6, r20
net_keep_end:
{%- else %}
        movw r6, r16
        sts net_token, r18
        sts net_token+1, r19
{%- endif %}
        movw r26, r8
        ret
{%- endmacro keep %}

{% macro drawn(s) %}
; ---- net_draw: net_token: one of the list, drawn. Changes all but r1 ----
; r2: 0, r4:r5: the largest logit, r12:r13: the weights up to an entry, r10:r11: where that ends, r25: entries left.
net_draw:
        clr r2
        lds r4, net_choices
        lds r5, net_choices+1
        rcall net_draw_first
net_draw_total:
        rcall net_weight
        breq net_draw_totalled
        add r12, r24
        adc r13, r2
        dec r25
        brne net_draw_total
net_draw_totalled:
{%- if s.draw.share %}
        ldi r16, {{ s.draw.share }}                   ; the first ones that have this share of 256 together
        mul r12, r16
        movw r18, r0
        mul r13, r16
        mov r20, r1
        add r19, r0
        adc r20, r2
        subi r18, 0x01                  ; + 255
        sbci r19, 0xFF
        sbci r20, 0xFF
        mov r10, r19
        mov r11, r20
        rcall net_draw_first
net_draw_share:
        cp r12, r10
        cpc r13, r11
        brsh net_draw_shared
        rcall net_weight
        breq net_draw_shared
        add r12, r24
        adc r13, r2
        dec r25
        brne net_draw_share
net_draw_shared:
{%- endif %}
; The next random number: x ^= x << 7; x ^= x >> 9; x ^= x << 8.
        lds r16, net_random
        lds r17, net_random+1
        mov r18, r17                    ; x << 7: a byte left, a bit right
        lsr r18
        mov r19, r16
        ror r19
        clr r18
        ror r18
        eor r16, r18
        eor r17, r19
        mov r18, r17
        lsr r18
        eor r16, r18
        eor r17, r16
        sts net_random, r16
        sts net_random+1, r17
; r11:r10 = x * weights / 65536
        mul r17, r13
        movw r10, r0
        mul r16, r12
        mov r18, r1
        mul r17, r12
        add r18, r0
        adc r10, r1
        adc r11, r2
        mul r16, r13
        add r18, r0
        adc r10, r1
        adc r11, r2
        rcall net_draw_first
net_draw_next:
        rcall net_weight
        add r12, r24
        adc r13, r2
        cp r10, r12
        cpc r11, r13
        brsh net_draw_next
        ld r24, -X
        sts net_token+1, r24
        ld r24, -X
        sts net_token, r24
        clr r1
        ret

; From the first entry on.
net_draw_first:
        ldi r26, lo8(net_choices)
        ldi r27, hi8(net_choices)
        lds r25, net_count
        clr r12
        clr r13
        ret

; r24: what the entry at X weighs, Z if nothing; X: behind it. Changes r16 to r19, Z.
net_weight:
        ld r18, X+
        ld r19, X+
        adiw r26, 2
        movw r16, r4
        sub r16, r18
        sbc r17, r19
{%- for bit in range(end=s.draw.bits) %}
        lsr r17
        ror r16
{%- endfor %}
        clr r24
{%- if s.draw.count < 256 %}
        cpi r16, {{ s.draw.count }}
        cpc r17, r2
        brsh net_weighed
{%- else %}
        tst r17
        brne net_weighed
{%- endif %}
        ldi r30, lo8(net_draw_weights)
        ldi r31, hi8(net_draw_weights)
        add r30, r16
        adc r31, r2
        lpm r24, Z
net_weighed:
        tst r24
        ret
{%- endmacro drawn %}

{# Labels with a margin: the two largest logits are kept. #}
{% macro second(s) %}
; ---- net_keep: a logit above the second largest: r17:r16, its upper bit flipped; r19:r18: its label ----
; r7:r6: the second largest so far. Changes r6, r7, r20, r21.
net_keep:
        lds r20, net_best
        lds r21, net_best+1
        cp r20, r16
        cpc r21, r17
        brlo net_keep_best
        movw r6, r16
        ret
net_keep_best:
        movw r6, r20
        sts net_best, r16
        sts net_best+1, r17
        sts net_token, r18
        sts net_token+1, r19
        ret

; ---- net_sure: a second logit that is less than the margin below the best makes the label that behind the last ----
; Changes r16 to r19.
net_sure:
        lds r16, net_best
        lds r17, net_best+1
        lds r18, net_second
        lds r19, net_second+1
        sub r16, r18
        sbc r17, r19
        subi r16, {{ s.margin }}
        sbci r17, 0
        brcc net_sure_end
        ldi r16, lo8({{ s.unsure }})
        ldi r17, hi8({{ s.unsure }})
        sts net_token, r16
        sts net_token+1, r17
net_sure_end:
        ret
{%- endmacro second %}
