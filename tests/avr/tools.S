
; Tools: what is read lies in RAM, and what is switched goes to GPIOR0, 200 and its number and state.
        .text
tool_read:
        ldi r30, lo8(tool_values)
        ldi r31, hi8(tool_values)
        add r30, r24
        adc r31, r1
        add r30, r24
        adc r31, r1
        ld r24, Z+
        ld r25, Z
        rjmp tool_junk
tool_switch:
        subi r24, 56
        out marker, r24
; Any register may change but r1.
tool_junk:
        ldi r18, 0x5A
        mov r0, r18
        mov r2, r18
        mov r17, r18
        ldi r19, 0xA5
        ldi r20, 0x77
        ldi r22, 0x11
        ldi r28, 0x55
        ldi r29, 0x33
        ldi r31, 0x99
        ret
        .section .bss
tool_values: .skip 8
        .text
