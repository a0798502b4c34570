{# What becomes of results, and lines of numbers: a factor, what is added, and a shift. #}

{% macro line(s) %}

; r20:r19:r18, negative where T is set, times a factor, plus an offset, shifted right: r8 down to r2. Z: their record, and then the
; next. Changes r0, r10 to r15, r21 to r25.
net_line:
        lpm r21, Z+
        lpm r22, Z+
        lpm r23, Z+
{%- if s.multiplies %}
        clr r24
        mul r18, r21
        movw r10, r0
        mul r19, r22
        movw r12, r0
        mul r20, r23
        movw r14, r0

        mul r18, r22
        add r11, r0
        adc r12, r1
        adc r13, r24
        adc r14, r24
        adc r15, r24

        mul r19, r21
        add r11, r0
        adc r12, r1
        adc r13, r24
        adc r14, r24
        adc r15, r24


        mul r18, r23
        add r12, r0
        adc r13, r1
        adc r14, r24
        adc r15, r24

        mul r20, r21
        add r12, r0
        adc r13, r1
        adc r14, r24
        adc r15, r24


        mul r19, r23
        add r13, r0
        adc r14, r1
        adc r15, r24

        mul r20, r22
        add r13, r0
        adc r14, r1
        adc r15, r24

        clr r1
{%- else %}
        movw r10, r18                   ; bit by bit: what is left of the one, and the product above it
        mov r12, r20
        clr r13
        clr r14
        clr r15
        ldi r24, 24
        lsr r12
        ror r11
        ror r10
net_line_product:
        brcc net_line_next
        add r13, r21
        adc r14, r22
        adc r15, r23
net_line_next:
{%- for reg in range(start=10, end=16) %}
        ror r{{ 25 - reg }}
{%- endfor %}
        dec r24
        brne net_line_product
{%- endif %}
{%- for reg in range(start=2, end=9) %}
        lpm r{{ reg }}, Z+
{%- endfor %}
        lpm r25, Z+
        bld r24, 7
        eor r24, r25
        sbrc r24, 7
        rjmp net_line_less
        add r2, r10
{%- for reg in range(start=3, end=8) %}
        adc r{{ reg }}, r{{ reg + 8 }}
{%- endfor %}
        adc r8, r1
        rjmp net_line_shift
net_line_less:
        sub r2, r10
{%- for reg in range(start=3, end=8) %}
        sbc r{{ reg }}, r{{ reg + 8 }}
{%- endfor %}
        sbc r8, r1
net_line_shift:
        andi r25, 0x7F
net_line_byte:
        cpi r25, 8
        brlo net_line_bits
{%- for reg in range(start=2, end=8) %}
        mov r{{ reg }}, r{{ reg + 1 }}
{%- endfor %}
        lsl r8
        sbc r8, r8
        subi r25, 8
        rjmp net_line_byte
net_line_bits:
        subi r25, 1
        brcs net_line_end
        asr r8
{%- for reg in range(start=2, end=8) %}
        ror r{{ 9 - reg }}
{%- endfor %}
        rjmp net_line_bits
net_line_end:
        ret
{%- endmacro line %}

{# Results as text: s.count of them, s.decimals digits behind the point, s.several: each has a line of its own. #}
{% macro tell(s) %}

; Sends the results as numbers, with spaces between them.
net_tell:
        ldi r24, {{ s.count % 256 }}
        sts net_left, r24
        ldi r26, lo8(net_logits)
        ldi r27, hi8(net_logits)
        ldi r30, lo8(net_format)
        ldi r31, hi8(net_format)
net_tell_next:
        ld r18, X+
        ld r19, X+
        sts net_at, r26
        sts net_at+1, r27
        clr r20
        bst r19, 7
        brtc net_tell_positive
        com r19
        neg r18
        sbci r19, 0xFF
net_tell_positive:
        {{ s.call }} net_line
{%- if s.several %}
        sts net_line_at, r30
        sts net_line_at+1, r31
{%- endif %}
        sbrs r8, 7
        rjmp net_tell_digits
        clr r24
        sub r24, r2
        mov r2, r24
{%- for reg in range(start=3, end=9) %}
        ldi r24, 0
        sbc r24, r{{ reg }}
        mov r{{ reg }}, r24
{%- endfor %}
        ldi r24, '-'
        rcall net_tell_send
net_tell_digits:
        ldi r28, lo8(net_digits)
        ldi r29, hi8(net_digits)
        clr r23                         ; digits
net_tell_digit:
        clr r20                         ; the rest
        ldi r21, 56
net_tell_bit:
        lsl r2
{%- for reg in range(start=3, end=9) %}
        rol r{{ reg }}
{%- endfor %}
        rol r20
        cpi r20, 10
        brlo net_tell_less
        subi r20, 10
        inc r2
net_tell_less:
        dec r21
        brne net_tell_bit
        subi r20, -'0'
        st Y+, r20
        inc r23
        cpi r23, {{ s.decimals + 1 }}
        brlo net_tell_digit
        mov r20, r2
{%- for reg in range(start=3, end=9) %}
        or r20, r{{ reg }}
{%- endfor %}
        brne net_tell_digit
net_tell_out:
{%- if s.decimals > 0 %}
        cpi r23, {{ s.decimals }}
        brne net_tell_whole
        ldi r24, '.'
        rcall net_tell_send
net_tell_whole:
{%- endif %}
        ld r24, -Y
        rcall net_tell_send
        dec r23
        brne net_tell_out
        lds r24, net_left
        dec r24
        sts net_left, r24
        breq net_told
        ldi r24, ' '
        rcall net_tell_send
        lds r26, net_at
        lds r27, net_at+1
{%- if s.several %}
        lds r30, net_line_at
        lds r31, net_line_at+1
{%- else %}
        ldi r30, lo8(net_format)
        ldi r31, hi8(net_format)
{%- endif %}
        rjmp net_tell_next
net_told:
        ret
; emit may change any register.
net_tell_send:
        push r2
        push r3
        push r4
        push r5
        push r6
        push r7
        push r8
        push r23
        push r28
        push r29
        {{ s.call }} emit
        pop r29
        pop r28
        pop r23
        pop r8
        pop r7
        pop r6
        pop r5
        pop r4
        pop r3
        pop r2
        ret
{%- endmacro tell %}

{# The first largest of s.count results; s.count itself where another one is less than s.margin below it. #}
{% macro decide(s) %}

; The index of the largest result, the first of several: r25:r24. Changes r18 to r27, Z.
net_decide:
        ldi r30, lo8(net_logits)
        ldi r31, hi8(net_logits)
        ld r18, Z+
        ld r19, Z+
        clr r24
        clr r25
        clr r26
        clr r27
{%- if s.count > 1 %}
net_decide_next:
        adiw r26, 1
        ld r20, Z+
        ld r21, Z+
        cp r18, r20
        cpc r19, r21
        brge net_decide_not
        movw r18, r20
        movw r24, r26
net_decide_not:
        cpi r26, lo8({{ s.count - 1 }})
        ldi r20, hi8({{ s.count - 1 }})
        cpc r27, r20
        brne net_decide_next
{%- if s.margin > 0 %}
        ldi r30, lo8(net_logits+2*{{ s.count }})
        ldi r31, hi8(net_logits+2*{{ s.count }})
        adiw r26, 1
net_decide_near:
        sbiw r26, 1
        brcs net_decide_sure
        ld r21, -Z
        ld r20, -Z
        cp r26, r24
        cpc r27, r25
        breq net_decide_near
        movw r22, r18
        sub r22, r20
        sbc r23, r21
        brne net_decide_near_wide
        cpi r22, {{ s.margin }}
        brlo net_decide_unsure
        rjmp net_decide_near
net_decide_near_wide:
        tst r23
        brne net_decide_near
        cpi r22, {{ s.margin }}
        brsh net_decide_near
net_decide_unsure:
        ldi r24, lo8({{ s.count }})
        ldi r25, hi8({{ s.count }})
net_decide_sure:
{%- endif %}
{%- endif %}
        ret
{%- endmacro decide %}

{# Bytes of the last array become results of 16 bits. #}
{% macro widen(s) %}
        ldi r26, lo8({{ s.from }})
        ldi r27, hi8({{ s.from }})
        ldi r28, lo8(net_logits)
        ldi r29, hi8(net_logits)
        ldi r24, lo8({{ s.count }})
        ldi r25, hi8({{ s.count }})
net_widen:
        ld r18, X+
        subi r18, 0x80
        st Y+, r18
        lsl r18
        sbc r18, r18
        st Y+, r18
        sbiw r24, 1
        brne net_widen
{%- endmacro widen %}
