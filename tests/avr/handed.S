; A console without a device: the test hands values over, one after the other. typed_length: 0: wait; 1: typed is the next value; 2: all
; are there.
        sts typed_length, r1
        {{ call }} net_begin
wait:
        lds r25, typed_length
        tst r25
        breq wait
        cpi r25, 2
        breq query_taken
        lds r24, typed
        {{ call }} net_input
value_given:
        sts typed_length, r1
        rjmp wait
query_taken:
        {{ call }} net_answer
answered:
; ----
emit:
        out marker, r24
        ret
        .section .bss
typed:  .skip 1
typed_length: .skip 1
