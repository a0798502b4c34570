{# The kernel of packed weights: Z is r19 bytes of a column in flash, X a tile's low bytes, YH the page of its high
   bytes; adds r24 and r25. Changes r0, r16, r18, r19, X, YL and Z. #}
{% macro kernel(s) %}
; ---- packed: four weights a byte, the first in the lowest bits ----------------------
packed:
        lpm r18, Z+
        ldi r16, 4
packed_weight:
        lsr r18                         ; 00 is 0, 01 is 1, 10 is -2, 11 is -1
        brcs packed_odd
        lsr r18
        brcc packed_next
        rcall packed_sub
packed_minus:
        rcall packed_sub
packed_next:
        inc r26
        dec r16
        brne packed_weight
        dec r19
        brne packed
        ret
packed_odd:
        lsr r18
        brcs packed_minus
        mov r28, r26
        ld r0, X
        add r0, r24
        st X, r0
        ld r0, Y
        adc r0, r25
        st Y, r0
        rjmp packed_next
packed_sub:
        mov r28, r26
        ld r0, X
        sub r0, r24
        st X, r0
        ld r0, Y
        sbc r0, r25
        st Y, r0
        ret
{%- endmacro kernel %}
