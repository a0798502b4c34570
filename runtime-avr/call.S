; ---- routines for a program in C ----
{%- set c = library.name %}
; What they are for C stands on top. They keep what avr-gcc wants kept.
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
