{# Tokens that name an action. s.tools: token, name, place of what it reads (input) or twice that of what it switches, and 1 more
   for on (switch), tokens behind what it reads (close); s.most: tokens that are read in all; s.two: tokens have two bytes. #}
{% macro act(s) %}
; The token is the next to read. If it names an action, that is done first, and its result waits behind the token.
        lds r24, net_token
        lds r25, net_token+1
        ldi r30, lo8(net_tokens)
        ldi r31, hi8(net_tokens)
        st Z+, r24
{%- if s.two %}
        st Z+, r25
{%- endif %}
        sts net_until, r30
        sts net_until+1, r31
{%- for tool in s.tools %}
        cpi r24, lo8({{ tool.token }})               ; {{ tool.name }}
        ldi r18, hi8({{ tool.token }})
        cpc r25, r18
        brne net_act_{{ loop.index }}
{%- if tool.input is number %}
        ldi r24, {{ tool.input }}
        call tool_read
        call net_read_out
{%- if tool.close %}
        ldi r30, lo8(net_close_{{ loop.index }})
        ldi r31, hi8(net_close_{{ loop.index }})
        ldi r20, {{ tool.close }}
        lds r28, net_until
        lds r29, net_until+1
        call net_copy
        sts net_until, r28
        sts net_until+1, r29
{%- endif %}
{%- else %}
        ldi r24, {{ tool.switch }}
        call tool_switch
{%- endif %}
        jmp net_acted
net_act_{{ loop.index }}:
{%- endfor %}
net_acted:
        lds r24, net_position
        lds r25, net_position+1
        adiw r24, 1
        ldi r18, lo8({{ s.most }})
        ldi r19, hi8({{ s.most }})
        sub r18, r24
        sbc r19, r25
        mov r20, r18
        or r20, r19
        brne net_room
        jmp net_end                     ; there is no room for any
net_room:
        lds r24, net_until
        lds r25, net_until+1
        subi r24, lo8(net_tokens)
        sbci r25, hi8(net_tokens)
{%- if s.two %}
        lsr r25
        ror r24
{%- endif %}
        tst r19
        brne net_roomy
        cp r18, r24
        brsh net_roomy
        mov r24, r18
net_roomy:
        sts net_waiting, r24
        ldi r30, lo8(net_tokens)
        ldi r31, hi8(net_tokens)
        sts net_next, r30
        sts net_next+1, r31
        jmp net_read_on
{%- endmacro act %}

{# What reads a number out. #}
{% macro read_out(s) %}
; Sends r25:r24 in decimal digits, whose tokens wait.
net_read_out:
        sts net_from, r24
        sts net_from+1, r25
        sts net_length, r1              ; the power of ten
        sts net_normal, r1              ; whether there was a digit
net_digit:
        lds r18, net_length
        ldi r30, lo8(net_powers)
        ldi r31, hi8(net_powers)
        add r30, r18
        adc r31, r1
        add r30, r18
        adc r31, r1
        lpm r20, Z+
        lpm r21, Z
        lds r24, net_from
        lds r25, net_from+1
        clr r22
net_digit_less:
        cp r24, r20
        cpc r25, r21
        brlo net_digit_found
        sub r24, r20
        sbc r25, r21
        inc r22
        rjmp net_digit_less
net_digit_found:
        sts net_from, r24
        sts net_from+1, r25
        inc r18
        sts net_length, r18
        lds r19, net_normal
        or r19, r22
        brne net_digit_say
        cpi r18, 5
        brne net_digit                  ; no digit yet, and not the last one
net_digit_say:
        ldi r19, 1
        sts net_normal, r19
        ldi r30, lo8(net_digits)
        ldi r31, hi8(net_digits)
        add r30, r22
        adc r31, r1
{%- if s.two %}
        add r30, r22
        adc r31, r1
{%- endif %}
        lds r28, net_until
        lds r29, net_until+1
        lpm r24, Z+
        st Y+, r24
{%- if s.two %}
        lpm r24, Z
        st Y+, r24
{%- endif %}
        sts net_until, r28
        sts net_until+1, r29
        mov r24, r22
        subi r24, 0xD0                  ; plus '0'
        call emit
        lds r18, net_length
        cpi r18, 5
        breq net_digits_end
        jmp net_digit
net_digits_end:
        ret
; Copies r20 tokens of flash at Z to Y. Changes r0.
net_copy:
        lpm r0, Z+
        st Y+, r0
{%- if s.two %}
        lpm r0, Z+
        st Y+, r0
{%- endif %}
        dec r20
        brne net_copy
        ret
{%- endmacro read_out %}

{# What a board's tools do: s is the context of the board. #}
{% macro pins(s) %}
{%- if s.switches %}

; Switches something: r24 is twice its number, and 1 more for on. Changes r18.
tool_switch:
{%- for drive in s.switches %}
        cpi r24, {{ drive.label }}                   ; {{ drive.name }}: {{ drive.pin }}
        brne tool_switch_{{ loop.index }}
        lds r18, {{ drive.port }}
{%- if drive.high %}
        ori r18, {{ drive.mask }}
{%- else %}
        andi r18, {{ drive.mask }}
{%- endif %}
        sts {{ drive.port }}, r18
tool_switch_{{ loop.index }}:
{%- endfor %}
        ret
{%- endif %}
{%- if s.measuring %}

; Measures input r24: r25:r24 is its value. Changes r18 to r23, r26, Z.
tool_read:
{%- for input in s.measuring.inputs %}
        cpi r24, {{ input.number }}                   ; {{ input.name }}: {{ input.pin }}
        brne tool_read_{{ loop.index }}
        ldi r24, {{ input.select }}                ; its channel, against AVCC
        ldi r25, {{ input.extended }}
        rcall tool_measure
        ldi r18, lo8({{ input.offset }})
        ldi r19, hi8({{ input.offset }})
        ldi r20, hh8({{ input.offset }})
        ldi r21, hhi8({{ input.offset }})
        ldi r22, lo8({{ input.mul }})
        ldi r23, hi8({{ input.mul }})
        ldi r30, {% if input.mul < 0 %}0xFF{% else %}0{% endif %}
        ldi r31, {% if input.mul < 0 %}0xFF{% else %}0{% endif %}
        ldi r26, {{ input.shift }}
        rjmp tool_scale
tool_read_{{ loop.index }}:
{%- endfor %}
        ret                             ; there is no other
; The count in r25:r24 times r31:r30:r23:r22, plus r21:r20:r19:r18, shifted right by r26, held within two bytes.
tool_scale:
        lsr r25
        ror r24
        brcc tool_scale_more
        add r18, r22
        adc r19, r23
        adc r20, r30
        adc r21, r31
tool_scale_more:
        lsl r22
        rol r23
        rol r30
        rol r31
        mov r27, r24
        or r27, r25
        brne tool_scale
tool_shift:
        tst r26
        breq tool_hold
        asr r21
        ror r20
        ror r19
        ror r18
        dec r26
        rjmp tool_shift
tool_hold:
        movw r24, r18
        tst r21
        brmi tool_below
        or r20, r21
        breq tool_held
        ldi r24, 0xFF
        ldi r25, 0xFF
        ret
tool_below:
        clr r24
        clr r25
tool_held:
        ret
; A count, 0 to 1023, of the channel in r24 and r25. The first one behind switching on is not exact.
tool_measure:
        sts {{ s.measuring.select }}, r24
        sts {{ s.measuring.extended }}, r25
        ldi r25, 2
tool_measure_again:
        ldi r24, {{ s.measuring.start }}
        sts {{ s.measuring.control }}, r24
tool_measure_wait:
        lds r24, {{ s.measuring.control }}
        sbrc r24, 6
        rjmp tool_measure_wait
        dec r25
        brne tool_measure_again
        lds r24, {{ s.measuring.data_low }}
        lds r25, {{ s.measuring.data_high }}
        sts {{ s.measuring.control }}, r1
        ret
{%- endif %}
{%- endmacro pins %}
