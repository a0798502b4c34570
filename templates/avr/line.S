{# A line becomes tokens. #}
{% macro take(s) %}
; Takes a line: X text, r24 length, at most {{ s.max_query }}. Z is {% if s.turns and s.turns.keeps %}set for the command that clears the conversation{% else %}never set{% endif %}: an empty line
; has an answer too. Changes r18 to r25, X and Z.
set_query:
{%- if s.turns and s.turns.keeps %}
        cpi r24, 6                      ; "/clear", in small or capital letters
        brne set_query_said
        movw r20, r26
        ldi r30, lo8(net_clear_text)
        ldi r31, hi8(net_clear_text)
        mov r25, r24
        ld r18, X+
        cpi r18, '/'
        brne set_query_other
set_query_letter:
        dec r25
        breq set_query_clear
        ld r18, X+
        lpm r19, Z+
        eor r18, r19
        andi r18, 0xDF
        breq set_query_letter
set_query_other:
        movw r26, r20
        rjmp set_query_said
set_query_clear:
        sts net_conversed, r1           ; Z is set: there is no answer
        ret
set_query_said:
{%- endif %}
        sts net_length, r24
        ldi r30, lo8(net_text+{{ s.ahead }})
        ldi r31, hi8(net_text+{{ s.ahead }})
        tst r24
        breq set_query_end
set_query_next:
        ld r18, X+
        st Z+, r18
        dec r24
        brne set_query_next
set_query_end:
        clz
        ret
{%- endmacro take %}

{# Characters without a token are left out, as if they had not been typed. #}
{% macro leave_out(s) %}
; What has no token is left out, and all is read from the start again: bytes may have become neighbours.
; X: a character, r20: bytes from it on, r21: its bytes, r18: its first, r19: that one behind the rules. r24: bytes of text.
net_known:
        lds r20, net_length
        ldi r26, lo8(net_text+{{ s.ahead }})
        ldi r27, hi8(net_text+{{ s.ahead }})
{%- if s.joins %}
        clt
        tst r20
        breq net_known_more
        ld r18, X
        andi r18, 0xC0
        cpi r18, 0x80
        brne net_known_more
        set                             ; it would join what stands in front: the first character goes
{%- endif %}
net_known_more:
        lds r20, net_length
        tst r20
        brne net_known_next
        rjmp net_known_end
net_known_next:
        ldi r21, 1
        ld r18, X
        mov r19, r18
{%- if s.maps %}
        mov r30, r18
        ldi r31, hi8(net_map)
        lpm r19, Z
{%- endif %}
{%- if s.characters %}
        movw r30, r26
        adiw r30, 1
net_known_behind:
        cp r21, r20
        brsh net_known_whole
        cpi r21, 4
        brsh net_known_whole
        ld r22, Z+
        andi r22, 0xC0
        cpi r22, 0x80
        brne net_known_whole
        inc r21
        rjmp net_known_behind
net_known_whole:
        cpi r21, 1
        brne net_unknown
{%- if s.joins %}
        brts net_unknown
{%- endif %}
{%- endif %}
        ldi r30, lo8(net_starts)
        ldi r31, hi8(net_starts)
        add r30, r19
        adc r31, r1
        add r30, r19
        adc r31, r1
        adiw r30, 1
        lpm r22, Z
        cpi r22, 0xFF
        breq net_unknown
        adiw r26, 1
        dec r20
        brne net_known_next
        rjmp net_known_end
net_unknown:
; Its bytes go: r20 - r21 bytes move down by r21.
        movw r30, r26
        add r30, r21
        adc r31, r1
        lds r24, net_length
        sub r24, r21
        sts net_length, r24
        sub r20, r21
        breq net_unknown_gone
net_unknown_move:
        ld r18, Z+
        st X+, r18
        dec r20
        brne net_unknown_move
net_unknown_gone:
        rjmp net_known
net_known_end:
{%- endmacro leave_out %}
