{%- import "prior.asm" as prior -%}
{#- How a token is chosen, logit by logit; draw.asm has what is done where one is drawn.

    s.draw: none, or what draw.asm takes; s.penalty: none, or above and below (mantissas) and recent. -#}

{#- HL: a logit, as it is shown and compared: less its token's cost, put aside for who calls the network, without its sign. -#}
{% macro logit(s) %}
{%- if s.prior is number %}
{{- prior::cost(s=s) }}
{%- endif %}
        ld (logit),hl
{%- if s.kept %}
        ex de,hl
        ld hl,(net_logits_at)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (net_logits_at),hl
        ex de,hl
{%- endif %}
logits_ready:
        ld a,h
        xor 80h                         ; compared without signs
        ld h,a
{%- endmacro logit %}

{% macro code(s) %}
{%- if not s.draw %}
; a logit: the first of the largest is kept
choose:
{{- self::logit(s=s) }}
        ld de,(logit_best)
        or a
        sbc hl,de
        jr c,{{ s.less }}
        jr z,{{ s.less }}
        add hl,de
{%- if s.margin %}
        ld (logit_second),de            ; the best before is a larger one than the second
{%- endif %}
{%- if s.penalty %}
        call choose_penalty
        ld de,(logit_best)
        or a
        sbc hl,de
        jr c,logit_less
        jr z,logit_less
        add hl,de
{%- endif %}
        ld (logit_best),hl
        ld hl,(logit_index)
        ld (logit_choice),hl
{%- if s.margin %}
        jr logit_less
logit_under:
        add hl,de
        ld de,(logit_second)
        or a
        sbc hl,de
        jr c,logit_less
        add hl,de
        ld (logit_second),hl
{%- endif %}
logit_less:
        ld hl,(logit_index)
        inc hl
        ld (logit_index),hl
        ret
{%- if s.margin %}

; all logits are there: another one that is less than the margin below the best makes the index that behind the last
choose_sure:
        ld hl,(logit_best)
        ld de,(logit_second)
        or a
        sbc hl,de
        ld de,{{ s.margin }}
        sbc hl,de
        ret nc
        ld hl,(logit_index)
        ld (logit_choice),hl
        ret
{%- endif %}
{%- endif %}
{%- if s.penalty %}
{{- self::penalty(s=s) }}
{%- endif %}
{%- if s.penalty or s.draw and s.draw.share %}
; A:HL = HL times A, without signs
choose_times:
        ex de,hl
        ld hl,0
        ld b,8
        ld c,a
        xor a
choose_bit:
        add hl,hl
        adc a,a
        sla c
        jr nc,choose_past
        add hl,de
        adc a,0
choose_past:
        djnz choose_bit
        ret
{%- endif %}
{% endmacro code %}

{% macro penalty(s) %}
; HL: a logit without its sign. It is smaller behind this where its token was read a short while ago.
choose_penalty:
        ld a,(recent_count)
        or a
        ret z
        ld b,a
        ld de,(logit_index)
        push hl
        ld hl,recent
choose_recent:
        ld a,(hl)
        inc hl
        cp e
        jr nz,choose_other
        ld a,(hl)
        cp d
        jr z,choose_held
choose_other:
        inc hl
        djnz choose_recent
        pop hl
        ret
choose_held:
        pop hl
        ld hl,(logit)
        bit 7,h
        jr nz,choose_below
        ld a,{{ s.penalty.above }}
        call choose_times
        ld l,h
        ld h,a
        jr choose_signed
choose_below:
        xor a
        sub l
        ld l,a
        sbc a,a
        sub h
        ld h,a
        ld a,{{ s.penalty.below }}
        call choose_times
        ld de,63
        add hl,de
        adc a,0
        add hl,hl
        adc a,a
        add hl,hl
        adc a,a
        jr c,choose_most
        ld c,a
        ld l,h
        xor a
        sub l
        ld l,a
        sbc a,a
        sub c
        ld h,a
        add a,a
        jr c,choose_signed
choose_most:
        ld hl,8000h
choose_signed:
        ld a,h
        xor 80h
        ld h,a
        ret

; DE: a token that is read
recent_add:
        ld a,(recent_next)
        ld l,a
        ld h,0
        add hl,hl
        ld bc,recent
        add hl,bc
        ld (hl),e
        inc hl
        ld (hl),d
        inc a
        cp {{ s.penalty.recent }}
        jr c,recent_turn
        xor a
recent_turn:
        ld (recent_next),a
        ld a,(recent_count)
        cp {{ s.penalty.recent }}
        ret z
        inc a
        ld (recent_count),a
        ret
{% endmacro penalty %}
