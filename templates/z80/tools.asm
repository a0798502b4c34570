{#- Tokens that name an action. -#}

{#- What was chosen is the next to read, and behind it what its tool has read. s.tools: token, name, place of what is read (input)
    or none, tokens behind that (close); s.most: tokens that are read in all. -#}
{% macro act(s) %}
; The token is the next to read. If it names an action, that is done first, and its result waits behind the token.
net_feed:
        ld hl,(logit_choice)
        ex de,hl
        ld hl,tokens_all
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (tokens_to),hl
{%- for tool in s.tools %}
{%- if tool.input is number %}
        ld hl,{{ tool.token }}                 ; {{ tool.name }}
        or a
        sbc hl,de
        jr nz,tool_past_{{ loop.index }}
        ld hl,(tool_values+{{ 2 * tool.input }})
        call tool_read_out
{%- if tool.close %}
        ld hl,tool_close_{{ tool.token }}
        ld de,(tokens_to)
        ld bc,{{ 2 * tool.close }}
        ldir
        ld (tokens_to),de
{%- endif %}
        jp tool_done
tool_past_{{ loop.index }}:
{%- else %}
; {{ tool.token }}: {{ tool.name }} is switched, and there is no pin for that.
{%- endif %}
{%- endfor %}
tool_done:
        ld hl,{{ s.most }}
        ld de,(position)
        or a
        sbc hl,de
        ret z                           ; there is no room for any
        ex de,hl
        ld hl,(tokens_to)
        ld bc,tokens_all
        or a
        sbc hl,bc
        srl h
        rr l
        ld (waiting),hl
        or a
        sbc hl,de
        jr c,tool_waits
        ld (waiting),de
tool_waits:
        ld hl,tokens_all
        ld (token_at),hl
        jp net_step
{%- endmacro act %}

{#- What reads a number out. -#}
{% macro read_out(s) %}
; Prints HL in decimal digits, whose tokens wait. Changes all registers but IX, IY and SP.
tool_read_out:
        ld (tool_value),hl
        ld hl,0
        ld (tool_digit),hl              ; the digit, and whether there was one
        ld hl,tool_powers
tool_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld (tool_power),hl
        ld hl,(tool_value)
        ld a,255
tool_less:
        inc a
        or a
        sbc hl,de
        jr nc,tool_less
        add hl,de
        ld (tool_value),hl
        ld hl,(tool_digit)
        ld l,a
        or h
        jr nz,tool_say
        bit 0,e                         ; the last power is the only odd one: a digit there must be
        jr z,tool_more
tool_say:
        ld h,1
        ld (tool_digit),hl
        ld h,0
        add hl,hl
        ld de,tool_tokens
        add hl,de
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
        call tokens_put
        ld a,(tool_digit)
        add a,'0'
        call emit
tool_more:
        ld hl,(tool_power)
        ld de,tool_powers+10
        or a
        sbc hl,de
        add hl,de
        jr nz,tool_next
        ret
tool_powers:    dw 10000,1000,100,10,1
{%- endmacro read_out %}
