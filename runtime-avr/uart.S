; ---- {{ board.device }}, {{ board.about }} ----
; Start, chat loop and serial line: {{ board.baud }} baud, eight data bits, no parity, one stop bit, no echo.
; CR or LF ends a line, and what answers it ends with CR LF. Between keys the processor sleeps.

        .equ SPL, 0x3D                  ; I/O addresses
        .equ SPH, 0x3E
        .equ SREG, 0x3F
        .equ SMCR, {{ board.sleep.io }}
        .equ UCSRA, {{ board.uart.status }}                ; data addresses
        .equ UCSRB, {{ board.uart.control }}
        .equ UCSRC, {{ board.uart.format }}
        .equ UBRRL, {{ board.uart.divider_low }}
        .equ UBRRH, {{ board.uart.divider_high }}
        .equ UDR, {{ board.uart.data }}
        .equ UDRE, 5                    ; in UCSRA: the data register is empty
        .equ TALK, 0x98                 ; in UCSRB: receive with an interrupt, send
        .equ TELL_EMPTY, 5              ; in UCSRB: an interrupt when the data register is empty
        .equ RAMEND, {{ board.ram_end }}
        .equ RING, {{ board.ring }}                   ; keys that may wait, and one; a power of two
        .equ OUT_RING, {{ board.out_ring }}               ; characters that may wait to be sent, and one; a power of two

        .section .vectors,"ax",@progbits
; Behind the last vector in use comes other code: those interrupts stay off.
vectors:
{%- for handler in board.vectors %}
        {{ board.jump }} {{ handler }}
{%- endfor %}

        .text
        .global start
; A boot loader may have left anything in the registers. Nothing in RAM is cleared but what is cleared here.
start:
        cli
        clr r1                          ; and zero it stays
        ldi r24, lo8(RAMEND)
        out SPL, r24
        ldi r24, hi8(RAMEND)
        out SPH, r24
{%- if board.far_data %}
        out 0x3B, r1                    ; RAMPZ
{%- endif %}
{%- if board.wide %}
        out 0x3C, r1                    ; EIND
{%- endif %}
{%- for power in board.power_off %}
        ldi r24, {{ power.bits }}                   ; what is not used gets no clock
        sts {{ power.register }}, r24
{%- endfor %}
        ldi r24, {{ board.sleep.enable }}
        out SMCR, r24                   ; sleep is idle: the serial line goes on
        ldi r24, hi8({{ board.ubrr }})
        sts UBRRH, r24
        ldi r24, lo8({{ board.ubrr }})
        sts UBRRL, r24
        ldi r24, 0x02
        sts UCSRA, r24                  ; double speed: nearest to the baud rate
        ldi r24, 0x06
        sts UCSRC, r24
        ldi r24, TALK
        sts UCSRB, r24
{%- for port in board.resting_high %}
        lds r24, {{ port.register }}
        ori r24, {{ port.bits }}                   ; what is on when it is low is off
        sts {{ port.register }}, r24
{%- endfor %}
{%- for port in board.outputs %}
        lds r24, {{ port.register }}
        ori r24, {{ port.bits }}                   ; pins that {% if board.switches %}are switched{% else %}labels drive{% endif %}
        sts {{ port.register }}, r24
{%- endfor %}
        sts ring_head, r1
        sts ring_tail, r1
        sts out_head, r1
        sts out_tail, r1
        sts last_key, r1
        sei
{%- if is_beside %}
look:
        {{ board.call }} net_flash_open
        tst r24
        breq opened
        rcall send                      ; what is wrong, and what can be done
        ldi r30, lo8(net_flash_ask)
        ldi r31, hi8(net_flash_ask)
        rcall send
        rcall read_line
        cpi r24, 1
        brne look
        ld r24, X
        ori r24, 0x20
        cpi r24, 'w'
        brne look
        {{ board.call }} net_xmodem
        rjmp look
opened:
{%- endif %}
{%- if remembers %}
        {{ board.call }} net_start
{%- endif %}
        ldi r30, lo8(greeting)
        ldi r31, hi8(greeting)
        rcall send

chat:
        ldi r24, '>'
        rcall emit
        ldi r24, ' '
        rcall emit
{%- if streams %}
        {{ board.call }} net_begin
read_number:
        rcall read_key
        lds r25, last_key
        sts last_key, r24
        cpi r24, 13
        breq read_numbers
        cpi r24, 10
        breq read_number_lf
        {{ board.call }} net_char
        rjmp read_number
read_number_lf:
        cpi r25, 13
        breq read_number
read_numbers:
        {{ board.call }} net_end
{%- else %}
        rcall read_line
        {{ board.call }} set_query
{%- endif %}
        breq answered                   ; an empty line has an empty answer
        {{ board.call }} net_answer
{%- if board.labels %}
        rcall tell_label
{%- endif %}
answered:
        ldi r24, 13
        rcall emit
        ldi r24, 10
        rcall emit
        rjmp chat

; Sends the character in r24: at once where nothing waits to be sent, else from a ring, while the program goes on. Sleeps
; only while the ring is full. Changes r18, r25 and X.
        .global emit
emit:
        lds r25, UCSRB
        sbrc r25, TELL_EMPTY
        rjmp emit_ring                  ; the ring has the data register
        lds r25, UCSRA
        sbrs r25, UDRE
        rjmp emit_ring
        sts UDR, r24
        ret
emit_ring:
        lds r26, out_head
        mov r18, r26
        inc r18
        andi r18, OUT_RING-1
emit_wait:
        cli
        lds r25, out_tail
        cpse r25, r18
        rjmp emit_room
        sei                             ; an interrupt comes after the next instruction at the earliest
        sleep
        rjmp emit_wait
emit_room:
        clr r27
        subi r26, lo8(-(out_ring))
        sbci r27, hi8(-(out_ring))
        st X, r24
        sts out_head, r18               ; interrupts are off: behind this the handler could send it, and find none
        ldi r25, TALK+(1<<TELL_EMPTY)
        sts UCSRB, r25
        sei
        ret

; The data register is empty, and the ring is not: sends the oldest character. With the last one the interrupt is
; switched off, not later: each call writes UDR, for some simulators take the flag away when they call.
empty:
        push r24
        in r24, SREG
        push r24
        push r30
        push r31
        lds r24, out_tail
        mov r30, r24
        clr r31
        subi r30, lo8(-(out_ring))
        sbci r31, hi8(-(out_ring))
        ld r30, Z
        sts UDR, r30
        inc r24
        andi r24, OUT_RING-1
        sts out_tail, r24
        lds r30, out_head
        cpse r24, r30
        rjmp empty_end
        ldi r24, TALK
        sts UCSRB, r24
empty_end:
        pop r31
        pop r30
        pop r24
        out SREG, r24
        pop r24
        reti
{% if not streams %}
; Reads a line: X points to it, r24 is its length. Of a longer one the end is dropped. The LF of a CR LF ends no other
; line; backspace and delete take a character back.
read_line:
        ldi r26, lo8(line)
        ldi r27, hi8(line)
        clr r22
read_next:
        rcall read_key
        lds r25, last_key
        sts last_key, r24
        cpi r24, 13
        breq read_end
        cpi r24, 10
        breq read_lf
        cpi r24, 8
        breq read_back
        cpi r24, 127
        breq read_back
        cpi r22, {{ board.max_query }}
        brsh read_next
        st X+, r24
        inc r22
        rjmp read_next
read_back:
        tst r22
        breq read_next
        dec r22
        sbiw r26, 1
        rjmp read_next
read_lf:
        cpi r25, 13
        breq read_next
read_end:
        mov r24, r22
        ldi r26, lo8(line)
        ldi r27, hi8(line)
        ret
{%- endif %}

; The next key in r24; sleeps until there is one. Changes r25 and Z.
read_key:
        lds r25, ring_tail
read_wait:
        cli
        lds r24, ring_head
        cp r24, r25
        brne read_there
        sei                             ; an interrupt comes after the next instruction at the earliest
        sleep
        rjmp read_wait
read_there:
        sei
        mov r30, r25
        clr r31
        subi r30, lo8(-(ring))
        sbci r31, hi8(-(ring))
        ld r24, Z
        inc r25
        andi r25, RING-1
        sts ring_tail, r25              ; only now may the place be written again
        ret

; A key has come. With a full ring it is dropped: its place is the one that is always free.
received:
        push r24
        in r24, SREG
        push r24
        push r25
        push r30
        push r31
        lds r25, UDR
        lds r24, ring_head
        mov r30, r24
        clr r31
        subi r30, lo8(-(ring))
        sbci r31, hi8(-(ring))
        st Z, r25
        inc r24
        andi r24, RING-1
        lds r25, ring_tail
        cp r24, r25
        breq received_end
        sts ring_head, r24
received_end:
        pop r31
        pop r30
        pop r25
        pop r24
        out SREG, r24
        pop r24
unused:                                 ; no interrupt leads here: they are off
        reti
{%- if board.labels %}

; Drives the pins of the label whose number is in r25:r24, and sends its name.
tell_label:
{%- for drive in board.drives %}
        cpi r24, lo8({{ drive.label }})               ; {{ drive.name }}: {{ drive.pin }}
        ldi r18, hi8({{ drive.label }})
        cpc r25, r18
        brne tell_{{ loop.index }}
        lds r18, {{ drive.port }}
{%- if drive.high %}
        ori r18, {{ drive.mask }}
{%- else %}
        andi r18, {{ drive.mask }}
{%- endif %}
        sts {{ drive.port }}, r18
tell_{{ loop.index }}:
{%- endfor %}
        ldi r30, lo8(labels)
        ldi r31, hi8(labels)
tell_seek:
        sbiw r24, 1
        brcs send
tell_skip:
        lpm r18, Z+
        tst r18
        brne tell_skip
        rjmp tell_seek
{%- endif %}

; Sends the text in flash at Z, up to a zero. Changes r18, r24, r25, X and Z.
send:
        lpm r24, Z+
        tst r24
        breq sent
        rcall emit
        rjmp send
sent:
        ret

greeting:
        .byte {{ board.greeting.bytes }}, 13, 10, 0 ; {{ board.greeting.name }}
{%- if board.labels %}
labels:
{%- for label in board.labels %}
        .byte {{ label.bytes }}, 0 ; {{ label.name }}
{%- endfor %}
{%- endif %}
        .balign 2

        .section .noinit,"aw",@nobits
ring:           .skip RING
ring_head:      .skip 1
ring_tail:      .skip 1
out_ring:       .skip OUT_RING
out_head:       .skip 1
out_tail:       .skip 1
last_key:       .skip 1
{%- if not streams %}
line:           .skip {{ board.max_query }}
{%- endif %}
        .text
