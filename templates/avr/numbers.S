{# Lines of numbers become bytes. A number is an optional '-', then digits with an optional '.'; spaces, tabs, ',' and ';' stand between. #}

{# How many thresholds of its value the reading in r20:r19:r18, negative where T is set, is above. s.several: each value has its own;
   s.parts: it has how many bytes it becomes in front, and thresholds for each of them. #}
{% macro rank(s) %}
        brtc net_rank_positive
        com r20
        com r19
        neg r18
        sbci r19, 0xFF
        sbci r20, 0xFF
net_rank_positive:
        subi r20, 0x80                  ; thresholds have 2^23 more
{%- if s.several %}
        lds r30, net_line_at
        lds r31, net_line_at+1
{%- else %}
        ldi r30, lo8(net_scaling)
        ldi r31, hi8(net_scaling)
{%- endif %}
{%- if s.parts %}
        lpm r21, Z+
net_rank_byte:
        push r21                        ; bytes, with this one
{%- endif %}
        ldi r24, 0x80
        lpm r25, Z+
        tst r25
        breq net_rank_none
net_rank_next:
        lpm r21, Z+
        lpm r22, Z+
        lpm r23, Z+
        cp r21, r18
        cpc r22, r19
        cpc r23, r20
        adc r24, r1
        dec r25
        brne net_rank_next
net_rank_none:
{%- if s.parts %}
        pop r21
        dec r21
        breq net_rank_last
{%- if s.plays %}
        push r18
        push r19
        push r20
        push r21
        push r30
        push r31
{%- endif %}
        rcall net_input
{%- if s.plays %}
        pop r31
        pop r30
        pop r21
        pop r20
        pop r19
        pop r18
{%- endif %}
        rjmp net_rank_byte
net_rank_last:
{%- endif %}
{%- if s.several %}
        sts net_line_at, r30
        sts net_line_at+1, r31
{%- endif %}
{%- if s.streams %}
        rjmp net_number_take
net_number_most:
        ldi r24, 127
        rjmp net_number_take
net_number_least:
        ldi r24, 0x80
        rjmp net_number_take
{%- endif %}
{%- endmacro rank %}

{# s.decimals: digits behind the point that count; s.count: values; s.several: each value has a line of its own; s.ranks: it has thresholds
   instead; s.record: bytes of a
   line's record: factor (3), offset (7), shift with the factor's sign (1); s.streams: lines are read, else a program has readings. #}
{% macro read(s) %}

; Begins with new values. Changes r24, r25{% if s.border %}, r18, r19, X{% endif %}{% if s.plays %}, Z{% endif %}.
net_begin:
{%- if s.streams %}
        sts net_state, r1
{%- endif %}
        ldi r24, lo8({{ s.first }})
        ldi r25, hi8({{ s.first }})
        sts net_at, r24
        sts net_at+1, r25
        ldi r24, lo8({{ s.count }})
        ldi r25, hi8({{ s.count }})
        sts net_left, r24
        sts net_left+1, r25
{%- if s.several %}
        ldi r24, lo8(net_scaling)
        ldi r25, hi8(net_scaling)
        sts net_line_at, r24
        sts net_line_at+1, r25
{%- endif %}
{%- if s.border %}
        ldi r24, lo8({{ s.row }})
        ldi r25, hi8({{ s.row }})
        sts net_row_left, r24
        sts net_row_left+1, r25
{{ s.border }}
{%- endif %}
{%- if s.streams %}
        rjmp net_no_number
{%- else %}
        ret
{%- endif %}

; Takes the next value, -128 to 127, in r24; one too many is nothing.{% if s.plays %} Behind the last of a row it computes what it can. Changes all
; registers but r1.{% else %} Changes r24, r25, X.{% endif %}
net_input:
        lds r26, net_left
        lds r27, net_left+1
        sbiw r26, 0
        breq net_input_full
        sbiw r26, 1
        sts net_left, r26
        sts net_left+1, r27
        lds r26, net_at
        lds r27, net_at+1
        subi r24, 0x80
        st X+, r24
{%- if s.border %}
        lds r24, net_row_left
        lds r25, net_row_left+1
        sbiw r24, 1
        brne net_input_in_row
{%- if s.plays %}
        ldi r24, lo8({{ s.row }})
        ldi r25, hi8({{ s.row }})
        sts net_row_left, r24
        sts net_row_left+1, r25
        ldi r26, lo8({{ s.first }})
        ldi r27, hi8({{ s.first }})
        sts net_at, r26
        sts net_at+1, r27
        {{ s.plays }} net_play
{%- else %}
        subi r26, lo8(-({{ s.skip }}))
        sbci r27, hi8(-({{ s.skip }}))
        ldi r24, lo8({{ s.row }})
        ldi r25, hi8({{ s.row }})
{%- endif %}
net_input_in_row:
        sts net_row_left, r24
        sts net_row_left+1, r25
{%- endif %}
        sts net_at, r26
        sts net_at+1, r27
net_input_full:
        ret
{%- if s.streams %}

; Takes the next character of a line, in r24. State: 1: within a number, 2: it is negative, 4: numbers are values, 8: there was a
; point, 16: there was a character, 32: the line is not what it should be, 64: there was a digit. Changes {% if s.plays %}all registers but r1{% else %}r0, r2 to r27, Z{% endif %}.
net_char:
        lds r18, net_state
        sbrc r18, 4
        rjmp net_char_next
        ori r18, 16
        cpi r24, '#'
        brne net_char_next
        ori r18, 4
        sts net_state, r18
        ret
net_char_next:
        cpi r24, '-'
        breq net_char_minus
        cpi r24, '.'
        breq net_char_point
        cpi r24, '0'
        brlo net_char_between
        cpi r24, '9'+1
        brlo net_char_digit
net_char_between:
        cpi r24, ' '
        breq net_char_separates
        cpi r24, ','
        breq net_char_separates
        cpi r24, ';'
        breq net_char_separates
        cpi r24, 9
        breq net_char_separates
net_no_line:
        ori r18, 32
net_char_done:
        sts net_state, r18
        ret
net_char_separates:
        sts net_state, r18
        sbrc r18, 0
        rjmp net_number
        ret
net_char_minus:
        sbrc r18, 0
        rjmp net_no_line
        ori r18, 3
        rjmp net_char_done
net_char_point:
        mov r19, r18
        andi r19, 12                    ; values have none, and others one
        brne net_no_line
        ori r18, 9
        rjmp net_char_done
net_char_digit:
        ori r18, 65
        sts net_state, r18
        sbrs r18, 3
        rjmp net_char_counts
        lds r19, net_behind
        cpi r19, {{ s.decimals }}
        brsh net_char_dropped
        inc r19
        sts net_behind, r19
net_char_counts:
        subi r24, '0'

; The reading times ten, and r24, but 8,388,607 at most. Changes r19 to r27.
net_more:
        lds r20, net_value
        lds r21, net_value+1
        lds r22, net_value+2
        clr r23
        add r20, r20
        adc r21, r21
        adc r22, r22
        adc r23, r23
        movw r26, r20
        mov r25, r22
        mov r19, r23
        add r20, r20
        adc r21, r21
        adc r22, r22
        adc r23, r23
        add r20, r20
        adc r21, r21
        adc r22, r22
        adc r23, r23
        add r20, r26
        adc r21, r27
        adc r22, r25
        adc r23, r19
        add r20, r24
        adc r21, r1
        adc r22, r1
        adc r23, r1
        brne net_more_most
        sbrs r22, 7
        rjmp net_more_fits
net_more_most:
        ldi r20, 0xFF
        ldi r21, 0xFF
        ldi r22, 0x7F
net_more_fits:
        sts net_value, r20
        sts net_value+1, r21
        sts net_value+2, r22
net_char_dropped:
        ret

; Ends a line. Z is set where there is nothing to compute: there was no character, or not {{ s.wanted }}, which is sent.
; Changes as net_char does, and what emit changes.
net_end:
        lds r18, net_state
        sbrs r18, 4
        rjmp net_end_empty
        sbrc r18, 0
        rcall net_number
        lds r18, net_left
        lds r19, net_left+1
        or r18, r19
        brne net_end_other
        lds r18, net_state
        sbrc r18, 5
        rjmp net_end_other
        clz
        ret
net_end_other:
        ldi r30, lo8(net_wanted)
        ldi r31, hi8(net_wanted)
net_end_tell:
        lpm r24, Z+
        tst r24
        breq net_end_empty
        push r30
        push r31
        {{ s.call }} emit
        pop r31
        pop r30
        rjmp net_end_tell
net_end_empty:
        sez
        ret

; The number that was read is a value, if there is a digit in it and a value is missing.
net_number:
        lds r18, net_state
        sbrs r18, 6
        rjmp net_no_line
        lds r24, net_left
        lds r25, net_left+1
        or r24, r25
        brne net_number_is
        rjmp net_no_line
net_number_is:
{%- if s.decimals > 0 %}
        sbrc r18, 2
        rjmp net_number_whole
net_number_digits:
        lds r19, net_behind
        cpi r19, {{ s.decimals }}
        brsh net_number_whole
        inc r19
        sts net_behind, r19
        clr r24
        rcall net_more
        rjmp net_number_digits
net_number_whole:
{%- endif %}
        lds r25, net_state
        bst r25, 1
        lds r18, net_value
        lds r19, net_value+1
        lds r20, net_value+2
        sbrc r25, 2
        rjmp net_number_value
{%- else %}

; Takes the next value as a reading, r20:r19:r18 in size, negative where T is set. Changes {% if s.plays %}all registers but r1{% else %}r0, r2 to r8, r10 to r15, r18 to r27, Z{% endif %}.
net_reading:
{%- endif %}
{%- if s.ranks %}
{{- self::rank(s=s) }}
{%- else %}
{%- if s.several %}
        lds r30, net_line_at
        lds r31, net_line_at+1
        {{ s.call }} net_line
        sts net_line_at, r30
        sts net_line_at+1, r31
{%- else %}
        ldi r30, lo8(net_scaling)
        ldi r31, hi8(net_scaling)
        {{ s.call }} net_line
{%- endif %}
        mov r24, r2                     ; cut to a byte
        movw r18, r4
        and r18, r3
        and r18, r19
        and r18, r6
        and r18, r7
        and r18, r8
        mov r20, r3
        or r20, r4
        or r20, r5
        or r20, r6
        or r20, r7
        or r20, r8
        sbrc r8, 7
        rjmp net_number_negative
        tst r20
        brne net_number_most
        tst r24
        brpl net_number_take
net_number_most:
        ldi r24, 127
        rjmp net_number_take
net_number_negative:
        cpi r18, 0xFF
        brne net_number_least
        tst r24
        brmi net_number_take
net_number_least:
        ldi r24, 0x80
        rjmp net_number_take
{%- endif %}
{%- if s.streams %}
net_number_value:
        mov r24, r18
        or r19, r20
        brne net_number_far
        brtc net_number_positive
        cpi r24, 0x81
        brsh net_number_least
        neg r24
        rjmp net_number_take
net_number_far:
        brts net_number_least
        rjmp net_number_most
net_number_positive:
        tst r24
        brmi net_number_most
{%- endif %}
net_number_take:
{%- if s.streams %}
        rcall net_input
; No number has begun.
net_no_number:
        lds r24, net_state
        andi r24, 0x34
        sts net_state, r24
        sts net_value, r1
        sts net_value+1, r1
        sts net_value+2, r1
        sts net_behind, r1
        ret
{%- else %}
        rjmp net_input
{%- endif %}
{%- endmacro read %}
