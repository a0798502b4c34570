{#- What begins a text or a conversation, and how a line becomes a turn of one. -#}

{#- The text begins with the `count` tokens of turn_`tokens` in front. -#}
{% macro framed(tokens, count) %}
        ld de,tokens_first-{{ 2 * count }}
        ld (token_at),de
{%- if count %}
        ld hl,turn_{{ tokens }}
        ld bc,{{ 2 * count }}
        ldir
{%- endif %}
{%- endmacro framed %}

{#- s.first, s.later: tokens in front of the first line of a conversation, and of a later one; s.after: those behind a line;
    s.keeps: a conversation goes on; s.room: tokens that it may have with the turn. -#}
{% macro turn(s, most) %}
; The line's tokens are framed. Without one there is no turn.
        ld hl,(tokens_to)
        ld de,tokens_first
        or a
        sbc hl,de
        ret z
{%- if s.after %}
        ld hl,turn_after
        ld de,(tokens_to)
        ld bc,{{ 2 * s.after }}
        ldir
        ld (tokens_to),de
{%- endif %}
{%- if s.keeps %}
        ld a,(conversed)
        or a
        jr z,turn_begins
        ld hl,(tokens_to)               ; where too little room is left, the conversation begins anew
        ld de,tokens_first
        or a
        sbc hl,de
        srl h
        rr l
        ld de,(position)
        add hl,de
        jr c,turn_begins
        ld de,{{ s.later }}
        add hl,de
        jr c,turn_begins
        ex de,hl
        ld hl,{{ s.room }}
        or a
        sbc hl,de
        jr c,turn_begins
{{- self::framed(tokens="later", count=s.later) }}
        jr turn_framed
turn_begins:
        ld a,1
        ld (conversed),a
{%- endif %}
        call net_clear
{{- self::framed(tokens="first", count=s.first) }}
turn_framed:
        ld hl,(tokens_to)
        ld de,(token_at)
        or a
        sbc hl,de
        srl h
        rr l
        ld (waiting),hl
        ex de,hl
        ld hl,{{ most }}
        ld bc,(position)
        or a
        sbc hl,bc
        sbc hl,de
        jr nc,turn_waits
        add hl,de
        ld (waiting),hl
turn_waits:
{% endmacro turn %}

{#- What begins a text or a conversation. -#}
{% macro clear(s) %}
        xor a
        ld (kept),a
        ld (slot),a
{%- if s.recent %}
        ld (recent_next),a
        ld (recent_count),a
{%- endif %}
        ld h,a
        ld l,a
        ld (position),hl
{%- if s.prior %}
        dec hl
        ld (token),hl                   ; none was read
{%- endif %}
{%- if s.pairs %}
        ld hl,phase_sums
        ld b,{{ s.pairs * 3 }}
start_phases:
        ld (hl),0
        inc hl
        djnz start_phases
{%- endif %}
        ld hl,weights                   ; weights of positions that are not there, and their tables
        ld b,{{ s.weights_size }}
start_weights:
        ld (hl),0
        inc hl
        djnz start_weights
        ld hl,mix_tables
        ld de,mix_tables+1
        ld bc,{{ s.mix_zero - 1 }}
        ld (hl),0
        ldir
{%- if s.second %}
        call show_ram
{%- endif %}
        ld hl,mix_pattern               ; no position is in any plane
        ld de,cache_values
        ld bc,{{ s.mix_groups }}
        ldir
        ld hl,cache_values
        ld bc,{{ s.mix_cache - s.mix_groups }}
        ldir
{%- if s.hides %}
        call show_rom
{%- elif s.text is number %}
        call show_text
{%- endif %}
{%- endmacro clear %}
