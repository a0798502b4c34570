; A console without a device: the test writes values into the network's own array while this waits.
        {{ call }} net_begin
        clr r24
        clr r25
wait:
        sbiw r24, 1
        brne wait
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
