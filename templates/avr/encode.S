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

{% macro encode(s) %}
{%- if s.leaves_out %}
{{ self::leave_out(s=s) }}
{%- endif %}
; X: text, r20: bytes left, Y: tokens.
        ldi r28, lo8(net_list)
        ldi r29, hi8(net_list)
        ldi r26, lo8(net_text+{{ s.ahead }})
        ldi r27, hi8(net_text+{{ s.ahead }})
        lds r20, net_length
        tst r20
        brne net_some
        rjmp net_coded                  ; nothing is put in front of nothing
net_some:
{%- if s.maps %}
        mov r21, r20
        ldi r31, hi8(net_map)
net_mapped:
        ld r30, X
        lpm r18, Z
        st X+, r18
        dec r21
        brne net_mapped
        ldi r26, lo8(net_text+{{ s.ahead }})
        ldi r27, hi8(net_text+{{ s.ahead }})
{%- endif %}
{%- for byte in s.front %}
        ldi r18, {{ byte }}
        st -X, r18
        inc r20
{%- endfor %}
{%- if s.prefix %}
        ld r18, X
        cpi r18, {{ s.prefix[0] }}
        breq net_prefixed
        ldi r18, {{ s.prefix[0] }}
        st -X, r18
        inc r20
net_prefixed:
{%- endif %}
{%- if s.fuse %}
        clr r24                         ; whether the one before is unknown
{%- endif %}
; A character: r16:r17 points to it, r21 bytes.
net_unit:
        movw r16, r26
        ld r18, X+
        dec r20
        ldi r21, 1
{%- if s.characters %}
net_unit_behind:
        tst r20
        breq net_unit_whole
        cpi r21, 4
        brsh net_unit_whole
        ld r25, X
        andi r25, 0xC0
        cpi r25, 0x80
        brne net_unit_whole
        adiw r26, 1
        dec r20
        inc r21
        rjmp net_unit_behind
net_unit_whole:
        cpi r21, 1
        brne net_long
{%- endif %}
        ldi r30, lo8(net_starts)
        ldi r31, hi8(net_starts)
        add r30, r18
        adc r31, r1
        add r30, r18
        adc r31, r1
        lpm r18, Z+
        lpm r19, Z
        cpi r19, 0xFF
        breq net_strange
{%- if s.fuse %}
        clr r24
{%- endif %}
net_unit_put:
        st Y+, r18
        st Y+, r19
net_unit_next:
        tst r20
        breq net_units_end
        rjmp net_unit
net_units_end:
        rjmp net_merged
{%- if s.characters %}
; A list of characters of several bytes: length, bytes, token.
net_long:
        ldi r30, lo8(net_longs)
        ldi r31, hi8(net_longs)
net_long_next:
        lpm r25, Z+
        tst r25
        breq net_strange
        movw r22, r30
        cp r25, r21
        brne net_long_skip
        movw r26, r16
        mov r2, r25
net_long_byte:
        ld r18, X+
        lpm r19, Z+
        cp r18, r19
        brne net_long_differs
        dec r2
        brne net_long_byte
        lpm r18, Z+
        lpm r19, Z
{%- if s.fuse %}
        clr r24
{%- endif %}
        rjmp net_unit_put
net_long_differs:
        movw r26, r16
        add r26, r21
        adc r27, r1
net_long_skip:
        movw r30, r22
        add r30, r25
        adc r31, r1
        adiw r30, 2
        rjmp net_long_next
{%- endif %}
net_strange:
{%- if s.fallback == "bytes" %}
        movw r26, r16
net_strange_byte:
        ld r18, X+
        ldi r30, lo8(net_bytes)
        ldi r31, hi8(net_bytes)
        add r30, r18
        adc r31, r1
        add r30, r18
        adc r31, r1
        lpm r18, Z+
        lpm r19, Z
        st Y+, r18
        st Y+, r19
        dec r21
        brne net_strange_byte
{%- elif s.fallback == "unknown" %}
{%- if s.fuse %}
        tst r24
        brne net_strange_fused
        ldi r24, 1
{%- endif %}
        ldi r18, lo8({{ s.unknown }})
        ldi r19, hi8({{ s.unknown }})
        st Y+, r18
        st Y+, r19
net_strange_fused:
{%- endif %}
        rjmp net_unit_next              ; what is refused has been left out
net_merged:
; r20: pairs of neighbours.
        movw r24, r28
        subi r24, lo8(net_list)
        sbci r25, hi8(net_list)
        lsr r25
        ror r24
        mov r20, r24
{%- if s.merges %}
        dec r20
        brne net_rank_all
        rjmp net_coded_some
net_rank_all:
        clr r21
net_rank_next:
        mov r24, r21
        call net_rank
        inc r21
        cp r21, r20
        brlo net_rank_next
; The lowest rank, of equals the first, is merged: r22:r23 is the rank, r21 the pair.
net_merge:
        tst r20
        breq net_coded_some
        ldi r26, lo8(net_ranks)
        ldi r27, hi8(net_ranks)
        ldi r22, 0xFF
        ldi r23, 0xFF
        clr r24
net_merge_look:
        ld r18, X+
        ld r19, X+
        cp r18, r22
        cpc r19, r23
        brsh net_merge_not
        movw r22, r18
        mov r21, r24
net_merge_not:
        inc r24
        cp r24, r20
        brlo net_merge_look
        cpi r22, 0xFF
        brne net_merge_one
        cpi r23, 0xFF
        breq net_coded_some
net_merge_one:
        mov r24, r21
        call net_find
        call net_at
        st X+, r18
        st X+, r19
        movw r30, r26
        adiw r30, 2
        call net_close
        mov r24, r21
        call net_rank_at
        movw r30, r26
        adiw r30, 2
        call net_close
        dec r20
        mov r24, r21
        cp r24, r20
        brsh net_merge_before
        call net_rank
net_merge_before:
        mov r24, r21
        subi r24, 1
        brcs net_merge_done
        call net_rank
net_merge_done:
        rjmp net_merge
net_coded_some:
        inc r20
{%- endif %}
net_coded:
; r20 tokens, {% if s.bos is number %}behind the one that begins, {% endif %}wait.
        ldi r26, lo8(net_list)
        ldi r27, hi8(net_list)
        ldi r28, lo8(net_tokens+{{ s.lead }})
        ldi r29, hi8(net_tokens+{{ s.lead }})
        mov r24, r20
{%- if s.bos is number %}
        inc r24
        ldi r18, lo8({{ s.bos }})
        st Y+, r18
{%- if s.two %}
        ldi r18, hi8({{ s.bos }})
        st Y+, r18
{%- endif %}
{%- endif %}
        tst r20
        breq net_framed
net_framed_next:
        ld r18, X+
        ld r19, X+
        st Y+, r18
{%- if s.two %}
        st Y+, r19
{%- endif %}
        dec r20
        brne net_framed_next
net_framed:
{%- if s.eos is number %}
        inc r24
        ldi r18, lo8({{ s.eos }})
        st Y+, r18
{%- if s.two %}
        ldi r18, hi8({{ s.eos }})
        st Y+, r18
{%- endif %}
{%- endif %}
{%- if s.turns %}
{{- self::turn(s=s) }}
{%- else %}
{{- self::wait(s=s) }}
{%- endif %}
{%- endmacro encode %}

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
        ldi r28, lo8(net_tokens+{{ s.lead - s.turns.later_bytes }})
        ldi r29, hi8(net_tokens+{{ s.lead - s.turns.later_bytes }})
        sts net_next, r28
        sts net_next+1, r29
{%- if s.turns.later %}
        ldi r30, lo8(net_turn_later)
        ldi r31, hi8(net_turn_later)
        ldi r20, {{ s.turns.later }}
        add r24, r20
        rcall net_frame
{%- endif %}
        sts net_waiting, r24
        jmp net_read_on
net_turn_begins:
        ldi r18, 1
        sts net_conversed, r18
{%- endif %}
        ldi r28, lo8(net_tokens+{{ s.lead - s.turns.first_bytes }})
        ldi r29, hi8(net_tokens+{{ s.lead - s.turns.first_bytes }})
        sts net_next, r28
        sts net_next+1, r29
{%- if s.turns.first %}
        ldi r30, lo8(net_turn_first)
        ldi r31, hi8(net_turn_first)
        ldi r20, {{ s.turns.first }}
        add r24, r20
        rcall net_frame
{%- endif %}
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

{# What merging calls. #}
{% macro merging(s) %}
; X: the token of pair r24. Changes r0.
net_at:
        ldi r26, lo8(net_list)
        ldi r27, hi8(net_list)
net_at_pair:
        add r26, r24
        adc r27, r1
        add r26, r24
        adc r27, r1
        ret
; X: the rank of pair r24.
net_rank_at:
        ldi r26, lo8(net_ranks)
        ldi r27, hi8(net_ranks)
        rjmp net_at_pair
; Words behind Z move to X: as many as there are pairs behind r21. Changes r0, r24, X, Z.
net_close:
        mov r24, r20
        sub r24, r21
        dec r24
        breq net_closed
net_close_next:
        ld r0, Z+
        st X+, r0
        ld r0, Z+
        st X+, r0
        dec r24
        brne net_close_next
net_closed:
        ret
; The rank of pair r24 into its place.
net_rank:
        rcall net_find
        rcall net_rank_at
        st X+, r22
        st X, r23
        ret
; What becomes of pair r24: r22:r23 its rank, 0xFFFF for none; r18:r19 the token. By halves: r6:r7 is the first merge that may
; be it, r8:r9 is behind the last. r2 to r5: the pair. Changes r0, r10, r11, r16, r17, X, Z.
net_find:
        rcall net_at
        ld r2, X+
        ld r3, X+
        ld r4, X+
        ld r5, X
        clr r6
        clr r7
        ldi r16, lo8({{ s.merges }})
        mov r8, r16
        ldi r16, hi8({{ s.merges }})
        mov r9, r16
net_find_next:
        cp r6, r8
        cpc r7, r9
        brsh net_find_none
        movw r10, r6
        add r10, r8
        adc r11, r9
        ror r11
        ror r10
        ldi r16, {{ s.merge_bytes }}
        mul r10, r16
        movw r30, r0
        mul r11, r16
        add r31, r0
        clr r1
        subi r30, lo8(-(net_merges))
        sbci r31, hi8(-(net_merges))
        lpm r16, Z+
        lpm r17, Z+
        lpm r18, Z+
        lpm r19, Z+
        cp r18, r4
        cpc r19, r5
        cpc r16, r2
        cpc r17, r3
        breq net_find_found
        brlo net_find_behind
        movw r8, r10
        rjmp net_find_next
net_find_behind:
        movw r6, r10
        sec
        adc r6, r1
        adc r7, r1
        rjmp net_find_next
net_find_found:
        lpm r18, Z+
        lpm r19, Z+
{%- if s.ranks %}
        lpm r22, Z+
        lpm r23, Z
{%- else %}
        movw r22, r18
{%- endif %}
        ret
net_find_none:
        ldi r22, 0xFF
        ldi r23, 0xFF
        ret
{%- endmacro merging %}
