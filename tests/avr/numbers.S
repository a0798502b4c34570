; A console without a device: a line of numbers lies in RAM, with a zero behind it. What is sent goes to GPIOR0.
        ldi r24, lo8(typed)
        ldi r25, hi8(typed)
        sts typed_at, r24
        sts typed_at+1, r25
        {{ call }} net_begin
next:
        lds r30, typed_at
        lds r31, typed_at+1
        ld r24, Z+
        sts typed_at, r30
        sts typed_at+1, r31
        tst r24
        breq end
        {{ call }} net_char
        rjmp next
end:
        {{ call }} net_end
        breq stop
query_taken:
        {{ call }} net_answer
answered:
; ----
emit:
        out marker, r24
        ldi r18, 0x55                   ; emit may change any register but r1
        mov r2, r18
        mov r9, r18
        movw r20, r18
        movw r22, r18
        movw r26, r18
        movw r28, r18
        movw r30, r18
        ret
        .section .bss
typed:  .skip 700
typed_at: .skip 2
