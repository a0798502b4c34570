{%- import "stage.S" as stage -%}
{%- import "argmax.S" as argmax -%}
; ---- the network ---------------------------------------------------------------

; Takes a query: X text, r24 length, at most {{ max_query }}. Spaces at both ends are dropped, A-Z become a-z; a space is
; put on each side. Z is set if nothing is left. Changes r18, r24, r25, X and Z.
set_query:
        ldi r30, lo8(query_text)
        ldi r31, hi8(query_text)
        clr r25                         ; length
        ldi r18, ' '
        st Z+, r18
        inc r24
set_query_lead:
        dec r24
        breq set_query_end
        ld r18, X+
        cpi r18, ' '
        breq set_query_lead
        rjmp set_query_fold
set_query_next:
        ld r18, X+
set_query_fold:
        cpi r18, 'A'
        brlo set_query_put
        cpi r18, 'Z'+1
        brsh set_query_put
        subi r18, -32
set_query_put:
        st Z+, r18
        inc r25
        dec r24
        brne set_query_next
set_query_trim:
        ld r18, -Z
        cpi r18, ' '
        brne set_query_trimmed
        dec r25
        rjmp set_query_trim             ; stops at the latest at the first letter, which is no space
set_query_trimmed:
        adiw r30, 1
set_query_end:
        ldi r18, ' '
        st Z, r18
        sts query_length, r25
        tst r25
        ret

{%- if chat %}

; Answers the query: calls emit with each character of the reply in r24. emit may change any register but r1.
{%- else %}

; Answers the query: the index of its label is in r24, and in r25 what is above 255.
{%- endif %}
net_answer:
{%- for s in stages | filter(attribute="in_loop", value=false) %}
{{ stage::stage(s=s) }}
{%- endfor %}
{%- if chat %}
net_begin:
        ldi r26, lo8(window)
        ldi r27, hi8(window)
        ldi r24, ' '
        ldi r18, {{ window }}
net_spaces:
        st X+, r24
        dec r18
        brne net_spaces
        ldi r18, {{ max_reply }}
        sts net_left, r18
net_step:
{%- for s in stages | filter(attribute="in_loop", value=true) %}
{{ stage::stage(s=s) }}
{%- endfor %}
{{ argmax::argmax(s=output) }}

; Logits are final: index of the largest in r20.
logits_ready:
        cpi r20, {{ end_mark }}
        breq net_done
        ldi r30, lo8(charset)
        ldi r31, hi8(charset)
        add r30, r20
        adc r31, r1
        lpm r24, Z
        push r24
        {{ call }} emit
        pop r24
        cpi r24, 'A'
        brlo net_push
        cpi r24, 'Z'+1
        brsh net_push
        subi r24, -32
net_push:
{%- if window > 1 %}
        ldi r26, lo8(window)
        ldi r27, hi8(window)
        ldi r30, lo8(window+1)
        ldi r31, hi8(window+1)
        ldi r18, {{ window - 1 }}
net_shift:
        ld r0, Z+
        st X+, r0
        dec r18
        brne net_shift
{%- endif %}
        sts window+{{ window - 1 }}, r24
        lds r18, net_left
        dec r18
        sts net_left, r18
        breq net_done
        {{ jump }} net_step
net_done:
        ret
{%- else %}
{{ argmax::argmax(s=output) }}

; Logits are final: index of the largest in r20{% if output.tiles | length > 1 %} and r21{% endif %}.
logits_ready:
        mov r24, r20
{%- if output.tiles | length > 1 %}
        mov r25, r21
{%- else %}
        clr r25
{%- endif %}
        ret
{%- endif %}
