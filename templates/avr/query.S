{# Takes a query. #}
{% macro set_query(s) %}

; Takes a query: X text, r24 length, at most {{ s.max_query }}. Spaces at both ends are dropped, A-Z become a-z; a space is
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
{%- endmacro set_query %}
