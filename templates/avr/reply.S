{# The start of a reply: a window of spaces. #}
{% macro begin(s) %}
net_reply_begin:
        ldi r26, lo8(window)
        ldi r27, hi8(window)
        ldi r24, ' '
        ldi r18, {{ s.window }}
net_spaces:
        st X+, r24
        dec r18
        brne net_spaces
        ldi r18, {{ s.max_reply }}
        sts net_left, r18
{%- endmacro begin %}

{# A character: handed to the console, moved into the window. #}
{% macro chat(s) %}

; Logits are final: index of the largest in r20.
logits_ready:
        cpi r20, {{ s.end_mark }}
        breq net_done
        ldi r30, lo8(charset)
        ldi r31, hi8(charset)
        add r30, r20
        adc r31, r1
        lpm r24, Z
        push r24
        {{ s.call }} emit
        pop r24
        cpi r24, 'A'
        brlo net_push
        cpi r24, 'Z'+1
        brsh net_push
        subi r24, -32
net_push:
{%- if s.window > 1 %}
        ldi r26, lo8(window)
        ldi r27, hi8(window)
        ldi r30, lo8(window+1)
        ldi r31, hi8(window+1)
        ldi r18, {{ s.window - 1 }}
net_shift:
        ld r0, Z+
        st X+, r0
        dec r18
        brne net_shift
{%- endif %}
        sts window+{{ s.window - 1 }}, r24
        lds r18, net_left
        dec r18
        sts net_left, r18
        breq net_done
        {{ s.jump }} net_step
net_done:
        ret
{%- endmacro chat %}

{# The index of a label. #}
{% macro label(s) %}

; Logits are final: index of the largest in r20{% if s.wide %} and r21{% endif %}.
logits_ready:
        mov r24, r20
{%- if s.wide %}
        mov r25, r21
{%- else %}
        clr r25
{%- endif %}
        ret
{%- endmacro label %}
