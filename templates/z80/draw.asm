{%- import "choose.asm" as choose -%}
{#- How a token is drawn.

    s.draw: bits, reach (none: each difference is drawn), count (of weights), top_k and share (none: all); s.penalty: none
    or some. -#}
{% macro code(s) %}
{{- self::kept(s=s) }}
{{- self::drawn(s=s) }}
{% endmacro code %}

{#- The largest logits in a list, the largest first: the logit without its sign, and its token. -#}
{% macro kept(s) %}
choose_begin:
        xor a
        ld (choose_count),a
        ld h,a
        ld l,a
        ld (choose_least),hl
        ld (logit_index),hl
        dec hl
        ld (choose_room),hl             ; in front of the list: nothing is larger
        ld hl,choose_room+4
        ld (choose_end),hl
        ret

; a logit: it is kept if it may be drawn
choose:
{{- choose::logit(s=s) }}
        ld de,(choose_least)
        or a
        sbc hl,de
        jr c,choose_less
        add hl,de
{%- if s.penalty %}
        call choose_penalty
        ld de,(choose_least)
        or a
        sbc hl,de
        jr c,choose_less
        add hl,de
{%- endif %}
        call choose_keep
choose_less:
        ld hl,(logit_index)
        inc hl
        ld (logit_index),hl
        ret

; HL: a logit. It goes behind all that are not smaller; of a full list the last one goes.
choose_keep:
        ld (choose_logit),hl
        ld b,h
        ld c,l
        ld hl,(choose_end)
        ld a,(choose_count)
        cp {{ s.draw.top_k }}
        jr z,choose_full
        inc a
        ld (choose_count),a
        ld de,4
        add hl,de
        ld (choose_end),hl
        jr choose_place
choose_full:
        ld de,(choose_room+{{ 4 * s.draw.top_k }})
        ld a,e
        sub c
        ld a,d
        sbc a,b
        ret nc
choose_place:
        ex de,hl
        dec de                          ; the last byte of the free place
choose_move:
        ld hl,0FFF9h                    ; 7 less: the logit in front of it
        add hl,de
        ld a,(hl)
        sub c
        inc hl
        ld a,(hl)
        sbc a,b
        jr nc,choose_put
        inc hl
        inc hl
        ldd
        ldd
        ldd
        ldd
        ld bc,(choose_logit)
        jr choose_move
choose_put:
        ld hl,(logit_index)
        ex de,hl
        ld (hl),d
        dec hl
        ld (hl),e
        dec hl
        ld (hl),b
        dec hl
        ld (hl),c
; What is smaller is not kept from now on.
{%- if s.draw.reach %}
        ld hl,(choose_room+4)
        ld de,{{ s.draw.reach - 1 }}
        or a
        sbc hl,de
        jr nc,choose_near
        ld hl,0
choose_near:
{%- else %}
        ld hl,0
{%- endif %}
        ld a,(choose_count)
        cp {{ s.draw.top_k }}
        jr nz,choose_bar
        ld de,(choose_room+{{ 4 * s.draw.top_k }})
        or a
        sbc hl,de
        add hl,de
        jr nc,choose_bar
        ex de,hl
choose_bar:
        ld (choose_least),hl
        ret
{% endmacro kept %}

{#- One of the list, by what each weighs. -#}
{% macro drawn(s) %}
; (logit_choice): a token of the list, drawn
choose_draw:
        ld de,0
        ld a,(choose_count)
        ld b,a
        ld hl,choose_room+4
choose_total:
        call choose_weight
        add a,e
        ld e,a
        jr nc,choose_next
        inc d
choose_next:
        djnz choose_total
{%- if s.draw.share %}
        ex de,hl                        ; the heaviest that have the share together
        ld a,{{ s.draw.share }}
        call choose_times
        ld de,255
        add hl,de
        adc a,0
        ld e,h
        ld d,a
        ld bc,0
        ld hl,choose_room+4
choose_share:
        ld a,c
        sub e
        ld a,b
        sbc a,d
        jr nc,choose_shared
        call choose_weight
        add a,c
        ld c,a
        jr nc,choose_share
        inc b
        jr choose_share
choose_shared:
        ld d,b
        ld e,c
{%- endif %}
        ld hl,(random)                  ; xorshift by 7, 9 and 8
        ld a,h
        rra
        ld a,l
        rra
        xor h
        ld h,a
        ld a,l
        rra
        ld a,h
        rra
        xor l
        ld l,a
        xor h
        ld h,a
        ld (random),hl
        ld b,h                          ; times what all weigh, through 65536
        ld c,l
        ld hl,0
        ld a,16
choose_product:
        srl b
        rr c
        jr nc,choose_zero
        add hl,de
choose_zero:
        rr h
        rr l
        dec a
        jr nz,choose_product
        ex de,hl
        ld hl,choose_room+4
choose_find:
        call choose_weight
        ld c,a
        ld a,e
        sub c
        ld e,a
        jr nc,choose_find
        ld a,d
        or a
        jr z,choose_found
        dec d
        jr choose_find
choose_found:
        dec hl
        ld d,(hl)
        dec hl
        ld e,(hl)
        ld (logit_choice),de
        ret

; HL: a place of the list, which it is behind then. A: what it weighs; 0 if it is too unlikely.
choose_weight:
        push de
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        inc hl
        inc hl
        push hl
        ld hl,(choose_room+4)
        or a
        sbc hl,de
{%- if s.draw.bits == 8 %}
        ld l,h
        ld h,0
{%- else %}
{%- for i in range(end=s.draw.bits) %}
        srl h
        rr l
{%- endfor %}
{%- endif %}
{%- if s.draw.reach %}
        ld de,{{ s.draw.count }}
        xor a
        sbc hl,de
        jr nc,choose_unlikely
        add hl,de
{%- endif %}
        ld de,choose_weights
        add hl,de
        ld a,(hl)
choose_unlikely:
        pop hl
        pop de
        ret
{% endmacro drawn %}
