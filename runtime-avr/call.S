; ---- routines for a program in C ----
{%- set c = library.name %}
; What they are for C stands on top. They keep what avr-gcc wants kept.
{%- if called %}
        .equ SPL, 0x3D                  ; I/O addresses
        .equ SPH, 0x3E
{%- if library.far_data %}
        .equ RAMPZ, 0x3B
{%- endif %}
{%- set entries = ["start", "begin", "input", "run"] %}
{%- if keeps %}
{%- set entries = entries | concat(with="reset") %}
{%- endif %}
{%- if called.logits or called.kept %}
{%- set entries = entries | concat(with="logits") %}
{%- endif %}
{%- for entry in entries %}
        .global {{ c }}_{{ entry }}
        .equ {{ c }}_{{ entry }}, net_{{ entry }}
{%- endfor %}

        .section .noinit,"aw",@nobits
call_line:       .skip {{ library.longest }}
call_taken:      .skip 1
{%- if called.logits %}
net_logits:     .skip {{ 2 * called.logits.count }}
{%- elif called.kept %}
net_logits:     .skip {{ 2 * called.kept }}
net_logits_at:  .skip 2
{%- endif %}
{%- if not called.labels %}
call_state:      .skip 1                 ; 0: the reply has not begun, 1: it has, 2: it is over
call_base:       .skip 2                 ; the stack pointer while the network runs, above all that is the network's
; What the network has on the stack where it calls emit: two return addresses and a byte, 7 bytes at most.
call_frames:     .skip 8
call_framed: .skip 1
{%- endif %}
        .text
{%- if not remembers %}
net_start:
        ret
{%- endif %}

net_begin:
        sts call_taken, r1
{%- if not called.labels %}
        sts call_state, r1
{%- endif %}
        ret

net_input:
        lds r30, call_taken
        cpi r30, {{ library.longest }}
        brsh call_full
        mov r25, r30
        inc r25
        sts call_taken, r25
        clr r31
        subi r30, lo8(-(call_line))
        sbci r31, hi8(-(call_line))
        st Z, r24
call_full:
        ret
{%- if keeps %}

net_reset:
        sts net_conversed, r1
        ret
{%- endif %}

net_run:
{%- for reg in range(start=2, end=18) %}
        push r{{ reg }}
{%- endfor %}
        push r28
        push r29
{%- if library.far_data %}
        out RAMPZ, r1
{%- endif %}
{%- if not called.labels %}
        in r24, SPL
        sts call_base, r24
        in r24, SPH
        sts call_base+1, r24
        lds r24, call_state
        cpi r24, 1
        breq call_on
        brsh call_over
{%- elif not called.logits %}
        ldi r24, 0xFF                   ; no label
        sts net_token, r24
        sts net_token+1, r24
{%- endif %}
        ldi r26, lo8(call_line)
        ldi r27, hi8(call_line)
        lds r24, call_taken
        call set_query
        breq call_over
        call net_answer
        clr r1
{%- if called.labels and called.logits %}
        push r24
        push r25
        rcall call_widen
        pop r25
        pop r24
        rjmp call_end
call_over:
{%- elif called.labels %}
        lds r24, net_token
        lds r25, net_token+1
        rjmp call_end
call_over:
{%- else %}
call_over:
        ldi r24, 2
        sts call_state, r24
{%- endif %}
        ldi r24, 0xFF
        ldi r25, 0xFF
{%- if not called.labels %}
        rjmp call_end

; What the network had on the stack comes back, and it goes on behind its call of emit.
call_on:
        lds r18, call_framed
        mov r30, r18
        clr r31
        subi r30, lo8(-(call_frames))
        sbci r31, hi8(-(call_frames))
call_on_next:
        ld r24, -Z
        push r24
        dec r18
        brne call_on_next
        ret

; The network's next character, in r24, goes to who called net_run; what the network has on the stack is put aside.
emit:
        ldi r30, lo8(call_frames)
        ldi r31, hi8(call_frames)
        in r18, SPL
        lds r19, call_base
        sub r19, r18
        sts call_framed, r19
call_aside:
        pop r18
        st Z+, r18
        dec r19
        brne call_aside
        ldi r18, 1
        sts call_state, r18
        clr r25
{%- if called.logits %}
        push r24
        rcall call_widen
        pop r24
        clr r25
{%- endif %}
{%- endif %}
call_end:
{%- if library.far_data %}
        out RAMPZ, r1
{%- endif %}
        pop r29
        pop r28
{%- for reg in range(start=2, end=18) %}
        pop r{{ 19 - reg }}
{%- endfor %}
        ret
{%- if called.labels and not called.logits %}

; The label's text is not wanted.
emit:
        ret
{%- endif %}
{%- if called.logits %}

; Accumulators of the last layer become logits.
call_widen:
        ldi r30, lo8(net_logits)
        ldi r31, hi8(net_logits)
{%- for tile in called.logits.tiles %}
        ldi r26, lo8({{ tile.low }})
        ldi r27, hi8({{ tile.low }})
        ldi r28, lo8({{ tile.high }})
        ldi r29, hi8({{ tile.high }})
        ldi r18, {{ tile.count % 256 }}
call_widen_{{ loop.index0 }}:
        ld r24, X+
        ld r25, Y+
{%- for bit in range(end=called.logits.shift) %}
        asr r25
        ror r24
{%- endfor %}
        st Z+, r24
        st Z+, r25
        dec r18
        brne call_widen_{{ loop.index0 }}
{%- endfor %}
        ret
{%- endif %}
{%- else %}
        .global {{ c }}_begin
        .global {{ c }}_value
        .global {{ c }}_reading
        .global {{ c }}_run
        .global {{ c }}_logits
        .equ {{ c }}_begin, net_begin
{%- if not rows %}
        .equ {{ c }}_value, net_input
{%- endif %}
        .equ {{ c }}_logits, net_logits

        .text
{{ c }}_reading:
        clt                             ; its size, 8,388,607 at most, and T where it is negative
        tst r25
        brpl call_positive
        set
        com r25
        com r24
        com r23
        neg r22
        sbci r23, 0xFF
        sbci r24, 0xFF
        sbci r25, 0xFF
call_positive:
        tst r25
        brne call_most
        sbrs r24, 7
        rjmp call_fits
call_most:
        ldi r22, 0xFF
        ldi r23, 0xFF
        ldi r24, 0x7F
call_fits:
        movw r18, r22
        mov r20, r24
        ldi r30, pm_lo8(net_reading)
        ldi r31, pm_hi8(net_reading)
        rjmp call_kept

{%- if rows %}

{{ c }}_value:
        ldi r30, pm_lo8(net_input)
        ldi r31, pm_hi8(net_input)
        rjmp call_kept
{%- endif %}

{{ c }}_run:
        ldi r30, pm_lo8(net_run)
        ldi r31, pm_hi8(net_run)
call_kept:
{%- for reg in range(start=2, end=18) %}
        push r{{ reg }}
{%- endfor %}
        push r28
        push r29
        icall
        pop r29
        pop r28
{%- for reg in range(start=2, end=18) %}
        pop r{{ 19 - reg }}
{%- endfor %}
        ret
{%- endif %}
