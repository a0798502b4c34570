; A console without a device: lines lie in RAM, each behind its length, 255 behind the last. What answers them goes to GPIOR0, a
; new line behind each answer.
{%- if remembers %}
        {{ call }} net_start
{%- endif %}
{%- if is_beside %}
        {{ call }} net_flash_open
        tst r24
        brne stop
{%- endif %}
        ldi r26, lo8(typed)
        ldi r27, hi8(typed)
next:
        ld r24, X+
        cpi r24, 255
        breq stop
        movw r18, r26
        add r18, r24
        adc r19, r1
        sts typed_at, r18
        sts typed_at+1, r19
        {{ call }} set_query
        breq answered
        {{ call }} net_answer
answered:
        ldi r24, 10
        out marker, r24
        lds r26, typed_at
        lds r27, typed_at+1
        rjmp next
; ----
emit:
        out marker, r24
        ret
        .section .bss
typed:  .skip 400
typed_at: .skip 2
