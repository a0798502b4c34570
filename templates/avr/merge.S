{# What merging calls. #}
{% macro merging(s) %}
; X: the token of pair r24. Changes r0.
net_at:
        ldi r26, lo8(net_list)
        ldi r27, hi8(net_list)
net_at_pair:
        add r26, r24
        adc r27, r1
        add r26, r24
        adc r27, r1
        ret
; X: the rank of pair r24.
net_rank_at:
        ldi r26, lo8(net_ranks)
        ldi r27, hi8(net_ranks)
        rjmp net_at_pair
; Words behind Z move to X: as many as there are pairs behind r21. Changes r0, r24, X, Z.
net_close:
        mov r24, r20
        sub r24, r21
        dec r24
        breq net_closed
net_close_next:
        ld r0, Z+
        st X+, r0
        ld r0, Z+
        st X+, r0
        dec r24
        brne net_close_next
net_closed:
        ret
; The rank of pair r24 into its place.
net_rank:
        rcall net_find
        rcall net_rank_at
        st X+, r22
        st X, r23
        ret
; What becomes of pair r24: r22:r23 its rank, 0xFFFF for none; r18:r19 the token. By halves: r6:r7 is the first merge that may
; be it, r8:r9 is behind the last. r2 to r5: the pair. Changes r0, r10, r11, r16, r17, X, Z.
net_find:
        rcall net_at
        ld r2, X+
        ld r3, X+
        ld r4, X+
        ld r5, X
        clr r6
        clr r7
        ldi r16, lo8({{ s.merges }})
        mov r8, r16
        ldi r16, hi8({{ s.merges }})
        mov r9, r16
net_find_next:
        cp r6, r8
        cpc r7, r9
        brsh net_find_none
        movw r10, r6
        add r10, r8
        adc r11, r9
        ror r11
        ror r10
        ldi r16, {{ s.merge_bytes }}
        mul r10, r16
        movw r30, r0
        mul r11, r16
        add r31, r0
        clr r1
        subi r30, lo8(-(net_merges))
        sbci r31, hi8(-(net_merges))
        lpm r16, Z+
        lpm r17, Z+
        lpm r18, Z+
        lpm r19, Z+
        cp r18, r4
        cpc r19, r5
        cpc r16, r2
        cpc r17, r3
        breq net_find_found
        brlo net_find_behind
        movw r8, r10
        rjmp net_find_next
net_find_behind:
        movw r6, r10
        sec
        adc r6, r1
        adc r7, r1
        rjmp net_find_next
net_find_found:
        lpm r18, Z+
        lpm r19, Z+
{%- if s.ranks %}
        lpm r22, Z+
        lpm r23, Z
{%- else %}
        movw r22, r18
{%- endif %}
        ret
net_find_none:
        ldi r22, 0xFF
        ldi r23, 0xFF
        ret
{%- endmacro merging %}
