{% import "beam.S" as beam %}
{# Replies that grow side by side: what is done when all of a round have been read, and when the best of them is known. Records and s
   are those of beam.S; s.ends; s.most; s.keeps: the conversation goes on behind the best; s.phases: bytes of the phases of rotations. #}
{% macro begin(s) %}
; One reply, which has no token yet.
        call net_beam_empty
{%- for i in range(end=8) %}
        sts beam_now+{{ i }}, r1
{%- endfor %}
        sts beam_reply, r1
        sts beam_ended, r1
        sts beam_best+4, r1             ; none has ended
        sts beam_best+5, r1
        ldi r24, 1
        sts beam_growing, r24
        sts beam_round, r24
        sts beam_round+1, r1
{{- beam::at(to=24, place="beam_trail") }}
        sts beam_row, r24
        sts beam_row+1, r25
{{- beam::at(to=24, place="caches") }}
        sts beam_caches, r24
        sts beam_caches+1, r25
{%- endmacro begin %}

{% macro round(s) %}
; The next reply of this round is read, if there is one: all of a round have the same position.
        lds r24, beam_reply
        inc r24
        sts beam_reply, r24
        lds r25, beam_growing
        cp r24, r25
        breq beam_all
        call net_beam_wait
        jmp net_read

; The cheapest of all that could follow are there. Those that end here are taken out of them. Y: a record, r16: its place in the
; round, r15:r14: where the next one goes that grows, r23:r22: the token behind which its own stands.
beam_all:
        sts beam_growing, r1
{{- beam::at(to=28, place="beam_next") }}
        movw r14, r28
        clr r16
beam_rank:
        ld r24, Y                       ; the largest cost is none
{%- for i in range(start=1, end=4) %}
        ldd r25, Y+{{ i }}
        and r24, r25
{%- endfor %}
        cpi r24, 0xFF
        brne beam_is
        jmp beam_ranked
beam_is:
        ldd r24, Y+6
        call net_beam_record
{%- if s.prior is number %}
        ldd r22, Z+4
        ldd r23, Z+5
{%- endif %}
        ldd r20, Z+6
        ldd r24, Z+7
        std Y+7, r24
        std Y+6, r16
        lds r30, beam_row               ; for when the reply is known
        lds r31, beam_row+1
        mov r24, r16
        call net_beam_note
        ldd r18, Y+4
        ldd r19, Y+5
        st Z, r18
        std Z+1, r19
        std Z+2, r20
{%- for end in s.ends %}
        ldi r24, hi8({{ end }})
        cpi r18, lo8({{ end }})
        cpc r19, r24
        brne beam_goes_{{ loop.index }}
        rjmp beam_ends
beam_goes_{{ loop.index }}:
{%- endfor %}
        lds r24, net_position
        lds r25, net_position+1
        adiw r24, 1
        ldi r18, hi8({{ s.most }})
        cpi r24, lo8({{ s.most }})
        cpc r25, r18
        brlo beam_grows
        rjmp beam_ends
beam_grows:
{%- if s.prior is number %}
        lds r24, beam_growing
        call net_beam_noted
        st Z, r22
        std Z+1, r23
{%- endif %}
        movw r30, r14
{%- for i in range(end=8) %}
        ldd r24, Y+{{ i }}
        st Z+, r24
{%- endfor %}
        movw r14, r30
        lds r24, beam_growing
        inc r24
        sts beam_growing, r24
        rjmp beam_next_one
beam_ends:
        lds r24, beam_best+4
        lds r25, beam_best+5
        or r24, r25
        breq beam_better
        call net_beam_likelier
        brcc beam_worse
beam_better:
{%- for i in range(end=4) %}
        ldd r24, Y+{{ i }}
        sts beam_best+{{ i }}, r24
{%- endfor %}
        lds r24, beam_round
        sts beam_best+4, r24
        lds r24, beam_round+1
        sts beam_best+5, r24
        sts beam_best+6, r16
{%- if s.keeps %}
        ldd r24, Y+7
        ldi r25, {{ s.width }}
        call net_beam_copy
; net_slot and net_position lie behind net_kept.
{{- beam::move(from="net_kept", to="beam_state", bytes=4) }}
{%- if s.phases %}
{{- beam::at(to=26, place="phases") }}
        ldi r24, {{ s.phases }}
        call net_beam_move
{%- endif %}
{%- if s.prior is number %}
        sts beam_last, r22              ; its own token is not read
        sts beam_last+1, r23
{%- endif %}
{%- endif %}
beam_worse:
        lds r24, beam_ended
        inc r24
        sts beam_ended, r24
        cpi r24, {{ s.width }}
        brne beam_next_one
        jmp beam_over
beam_next_one:
        adiw r28, 8
        inc r16
        cpi r16, {{ s.width }}
        breq beam_ranked
        jmp beam_rank
beam_ranked:
        lds r24, beam_growing
        tst r24
        brne beam_goes_on
        jmp beam_over

; The first that continues a reply has its keys and values. Others get copies of them, in places of replies that nothing continues.
; r17: replies left, which is not 0.
beam_goes_on:
{%- for i in range(end=s.width) %}
        sts beam_used+{{ i }}, r1
{%- endfor %}
{{- beam::at(to=28, place="beam_next") }}
        mov r17, r24
beam_heir:
{{- beam::at(to=30, place="beam_used") }}
        ldd r24, Y+7
        add r30, r24
        adc r31, r1
        ld r25, Z
        st Z, r17
        tst r25
        breq beam_heir_is
        ori r24, 0x80
        std Y+7, r24
beam_heir_is:
        adiw r28, 8
        dec r17
        brne beam_heir
{{- beam::at(to=28, place="beam_next") }}
        lds r17, beam_growing
beam_other:
        ldd r24, Y+7
        subi r24, 0x80
        brcs beam_other_next
{{- beam::at(to=30, place="beam_used") }}
        ldi r25, 0xFF
beam_search:
        inc r25
        ld r18, Z+
        tst r18
        brne beam_search
        st -Z, r17
        std Y+7, r25
        call net_beam_copy
beam_other_next:
        adiw r28, 8
        dec r17
        brne beam_other
{{- beam::move(from="beam_next", to="beam_now", bytes=8 * s.width) }}
        call net_beam_empty
        sts beam_reply, r1
        lds r24, beam_round
        lds r25, beam_round+1
        adiw r24, 1
        sts beam_round, r24
        sts beam_round+1, r25
        lds r24, beam_row
        lds r25, beam_row+1
        adiw r24, {{ 3 * s.width }}
        sts beam_row, r24
        sts beam_row+1, r25
        call net_beam_wait
        jmp net_read_on

; The best is known. Its tokens are gone through backwards, and each notes the one behind it. Z: a row, r16: the place in it, r17:
; that in the row behind, r25:r24: rows left.
beam_over:
{%- if s.keeps %}
        ldi r24, {{ s.width }}
        ldi r25, 0
        call net_beam_copy
{{- beam::move(from="beam_state", to="net_kept", bytes=4) }}
{%- if s.phases %}
{{- beam::at(to=30, place="phases") }}
        ldi r24, {{ s.phases }}
        call net_beam_move
{%- endif %}
{%- if s.prior is number %}
        lds r24, beam_last
        sts net_last, r24
        lds r24, beam_last+1
        sts net_last+1, r24
{%- endif %}
{%- endif %}
        lds r24, beam_best+4
        lds r25, beam_best+5
        ldi r30, lo8(beam_trail-{{ 3 * s.width }})
        ldi r31, hi8(beam_trail-{{ 3 * s.width }})
        ldi r18, {{ 3 * s.width }}
        mul r24, r18
        add r30, r0
        adc r31, r1
        mul r25, r18
        add r31, r0
        clr r1
        lds r16, beam_best+6
        clr r17
beam_back:
        movw r28, r30
        mov r18, r16
        lsl r18
        add r18, r16
        add r28, r18
        adc r29, r1
        ldd r18, Y+2
        std Y+2, r17
        mov r17, r16
        mov r16, r18
        sbiw r30, {{ 3 * s.width }}
        sbiw r24, 1
        brne beam_back
        sts beam_reply, r17
{{- beam::at(to=24, place="beam_trail") }}
        sts beam_row, r24
        sts beam_row+1, r25
beam_say:
        lds r30, beam_row
        lds r31, beam_row+1
        lds r24, beam_reply
        call net_beam_note
        ld r24, Z
        sts net_token, r24
        ldd r24, Z+1
        sts net_token+1, r24
        ldd r24, Z+2
        sts beam_reply, r24
{%- endmacro round %}

{% macro said(s) %}
; The next one is shown, up to the last.
        lds r24, beam_row
        lds r25, beam_row+1
        adiw r24, {{ 3 * s.width }}
        sts beam_row, r24
        sts beam_row+1, r25
        lds r24, beam_best+4
        lds r25, beam_best+5
        sbiw r24, 1
        sts beam_best+4, r24
        sts beam_best+5, r25
        breq net_end
        jmp beam_say
{%- endmacro said %}
