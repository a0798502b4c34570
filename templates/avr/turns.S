{# r24 tokens wait, as far as there is room. #}
{% macro wait(s) %}
{%- if s.most < 256 %}
        cpi r24, {{ s.most }}
        brlo net_fed
        ldi r24, {{ s.most }}                   ; there is no room for more
net_fed:
{%- endif %}
        sts net_waiting, r24
{%- endmacro wait %}

{# The text begins at the byte `from` of the tokens, with the `count` of net_turn_`tokens` in front. #}
{% macro framed(from, tokens, count) %}
        ldi r28, lo8(net_tokens+{{ from }})
        ldi r29, hi8(net_tokens+{{ from }})
        sts net_next, r28
        sts net_next+1, r29
{%- if count %}
        ldi r30, lo8(net_turn_{{ tokens }})
        ldi r31, hi8(net_turn_{{ tokens }})
        ldi r20, {{ count }}
        add r24, r20
        rcall net_frame
{%- endif %}
{%- endmacro framed %}

{# The tokens of a line are framed. `s.turns`: how many stand in front of the first line of a conversation (first), of another one
   (later), and behind a line (after); s.turns.room: tokens that the conversation may have with the turn. #}
{% macro turn(s) %}
        tst r24
        brne net_turn
        ret                             ; a line without tokens is no turn
net_turn:
{%- if s.turns.after %}
        ldi r30, lo8(net_turn_after)
        ldi r31, hi8(net_turn_after)
        ldi r20, {{ s.turns.after }}
        add r24, r20
        rcall net_frame
{%- endif %}
{%- if s.turns.keeps %}
        lds r18, net_conversed
        tst r18
        breq net_turn_begins
        lds r18, net_position           ; where too little room is left, the conversation begins anew
        lds r19, net_position+1
        clr r20
        add r18, r24
        adc r19, r1
        adc r20, r1
        subi r18, lo8(-({{ s.turns.later + 1 }}))
        sbci r19, hi8(-({{ s.turns.later + 1 }}))
        sbci r20, hh8(-({{ s.turns.later + 1 }}))
        cpi r18, lo8({{ s.turns.room + 1 }})
        ldi r21, hi8({{ s.turns.room + 1 }})
        cpc r19, r21
        ldi r21, hh8({{ s.turns.room + 1 }})
        cpc r20, r21
        brsh net_turn_begins
{{- self::framed(from=s.lead - s.turns.later_bytes, tokens="later", count=s.turns.later) }}
        sts net_waiting, r24
        jmp net_read_on
net_turn_begins:
        ldi r18, 1
        sts net_conversed, r18
{%- endif %}
{{- self::framed(from=s.lead - s.turns.first_bytes, tokens="first", count=s.turns.first) }}
{{- self::wait(s=s) }}
        rjmp net_framed_all
; Copies r20 tokens of flash at Z to Y. Changes r0.
net_frame:
        lpm r0, Z+
        st Y+, r0
{%- if s.two %}
        lpm r0, Z+
        st Y+, r0
{%- endif %}
        dec r20
        brne net_frame
        ret
net_framed_all:
{%- endmacro turn %}
