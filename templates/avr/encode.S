{% import "line.S" as line %}
{% import "turns.S" as turns %}
{# A text becomes tokens, which wait. #}
{% macro encode(s) %}
{%- if s.leaves_out %}
{{ line::leave_out(s=s) }}
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
{{- turns::turn(s=s) }}
{%- else %}
{{- turns::wait(s=s) }}
{%- endif %}
{%- endmacro encode %}
