{#- What writes the flash chip at the SPI: it takes a file over the serial line as XMODEM has it, packets of 128 bytes with the sum
    of these. The buffer is the first of RAM, where the network does not work yet. s: registers of timer 1, and the chip's pin. -#}
{% macro receive(s) %}
; Takes a file and writes it to the flash chip from its start on. Changes r8 to r14, r18 to r25, X, Z.
; r8: times left that a packet is asked for, r11:r10:r9: where the next one goes, r12: its number.
net_xmodem:
        ldi r24, {{ s.power_on }}
        sts {{ s.power }}, r24
        ldi r24, 5                      ; its overflow comes {{ s.seconds }} seconds behind the last key
        sts {{ s.control }}, r24
        ldi r24, 1
        sts {{ s.mask }}, r24
        clr r9
        clr r10
        clr r11
        mov r12, r24
        ldi r24, 21
        mov r8, r24
net_xmodem_again:
        ldi r24, 0x15                   ; NAK: send it, or send it again
        dec r8
        breq net_xmodem_end
net_xmodem_answer:
        call emit
net_xmodem_next:
        rcall net_xmodem_key
        brcs net_xmodem_again
        cpi r24, 0x04                   ; EOT: that was all
        breq net_xmodem_all
        cpi r24, 0x18                   ; CAN
        breq net_xmodem_end
        cpi r24, 0x01                   ; SOH: a packet
        brne net_xmodem_next
        rcall net_xmodem_key
        brcs net_xmodem_again
        mov r13, r24
        rcall net_xmodem_key
        brcs net_xmodem_again
        com r24
        eor r24, r13
        mov r14, r24                    ; 0: number and complement agree
        ldi r26, lo8(net_memory)
        ldi r27, hi8(net_memory)
        ldi r20, 128
        clr r21
net_xmodem_byte:
        rcall net_xmodem_key
        brcs net_xmodem_again
        st X+, r24
        add r21, r24
        dec r20
        brne net_xmodem_byte
        rcall net_xmodem_key
        brcs net_xmodem_again
        sub r24, r21
        or r24, r14
        brne net_xmodem_bad
        mov r24, r12
        dec r24
        cp r13, r24
        breq net_xmodem_taken           ; it was not heard that this one was taken
        cp r13, r12
        brne net_xmodem_cancel
        rcall net_xmodem_write
        brcs net_xmodem_cancel
        inc r12
net_xmodem_taken:
        ldi r24, 21
        mov r8, r24
        ldi r24, 0x06                   ; ACK
        rjmp net_xmodem_answer
net_xmodem_bad:
        rcall net_xmodem_key            ; what still comes of it is not heard
        brcc net_xmodem_bad
        rjmp net_xmodem_again
net_xmodem_cancel:
        ldi r24, 0x18
        call emit
        ldi r24, 0x18
        rjmp net_xmodem_last
net_xmodem_all:
        ldi r24, 0x06
net_xmodem_last:
        call emit
net_xmodem_end:
        sts {{ s.mask }}, r1
        sts {{ s.control }}, r1
        ldi r24, {{ s.power_off }}
        sts {{ s.power }}, r24
        ret

; The next key in r24. C: none has come in time. Changes r25, Z.
net_xmodem_key:
        ldi r24, 0x80
        sts {{ s.count_high }}, r24
        sts {{ s.count_low }}, r1
net_xmodem_wait:
        lds r25, ring_tail
        cli
        lds r24, ring_head
        cp r24, r25
        brne net_xmodem_there
        sei                             ; an interrupt comes after the next instruction at the earliest
        sleep
        lds r24, {{ s.count_low }}
        lds r24, {{ s.count_high }}
        tst r24                         ; behind its overflow the timer begins at 0
        brmi net_xmodem_wait
        sec
        ret
net_xmodem_there:
        call read_there
        clc
        ret

; Writes what is in the buffer. C: the chip does not get ready.
net_xmodem_write:
        mov r24, r10
        andi r24, 0x0F
        or r24, r9
        brne net_xmodem_page
        ldi r24, 0x20                   ; a sector of 4 KB begins: it is erased
        rcall net_xmodem_command
        rcall net_xmodem_ready
        brcs net_xmodem_stuck
net_xmodem_page:
        ldi r24, 0x02                   ; half a page
        rcall net_xmodem_command
        ldi r26, lo8(net_memory)
        ldi r27, hi8(net_memory)
        ldi r20, 128
net_xmodem_put:
        ld r21, X+
        call net_flash_byte
        dec r20
        brne net_xmodem_put
        rcall net_xmodem_ready
        brcs net_xmodem_stuck
        ldi r24, 128
        add r9, r24
        adc r10, r1
        adc r11, r1
        clc
net_xmodem_stuck:
        ret

; Allows writing, and sends the command in r24 with the address.
net_xmodem_command:
        cbi {{ s.select_port }}, {{ s.select_bit }}
        ldi r21, 0x06
        call net_flash_byte
        sbi {{ s.select_port }}, {{ s.select_bit }}
        mov r21, r24
        cbi {{ s.select_port }}, {{ s.select_bit }}
        call net_flash_byte
        mov r21, r11
        call net_flash_byte
        mov r21, r10
        call net_flash_byte
        mov r21, r9
        jmp net_flash_byte

; Ends a command, and waits until it is done, some two seconds at most. C: it is not.
net_xmodem_ready:
        ldi r25, 8
        clr r22
        clr r23
net_xmodem_busy:
        sbi {{ s.select_port }}, {{ s.select_bit }}
        subi r22, 1
        sbci r23, 0
        sbci r25, 0
        brcs net_xmodem_late
        cbi {{ s.select_port }}, {{ s.select_bit }}
        ldi r21, 0x05
        call net_flash_byte
        call net_flash_byte
        sbrc r21, 0
        rjmp net_xmodem_busy
        clc
net_xmodem_late:
        sbi {{ s.select_port }}, {{ s.select_bit }}
        ret
{%- endmacro receive %}
