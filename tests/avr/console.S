; How every console of the tests starts and stops. What it does with a query stands between, and the rest of it behind.
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
{{ body }}stop:
        cli
        rjmp stop+2
{{ rest }}
        .equ stack_top, {{ stack_top }}
        .text
