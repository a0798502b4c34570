; A console without a device: the test writes values into the network's own array while this waits.
        .equ marker, 0x1E
        .section .vectors,"ax",@progbits
        {{ jump }} start
        .text
start:
        clr r1
        ldi r24, lo8(stack_top)
        out 0x3D, r24
        ldi r24, hi8(stack_top)
        out 0x3E, r24
        {{ call }} net_begin
        clr r24
        clr r25
wait:
        sbiw r24, 1
        brne wait
query_taken:
        {{ call }} net_answer
answered:
stop:
        cli
        rjmp stop+2
emit:
        out marker, r24
        ret
        .section .bss
typed:  .skip 1
typed_length: .skip 1
        .equ stack_top, {{ stack_top }}
        .text
