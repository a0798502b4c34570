{# The first largest of s.count results; s.count itself where another one is less than s.margin below it. #}
{% macro decide(s) %}

; The index of the largest result, the first of several: HL. Changes all registers.
net_decide:
        ld hl,net_logits
        ld c,(hl)
        inc hl
        ld b,(hl)                       ; BC: the largest so far
        inc hl
        ld de,0
        ld (net_best),de
{%- if s.count > 1 %}
        ld (net_left),de
net_decide_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld hl,(net_left)
        inc hl
        ld (net_left),hl
        ld a,c                          ; BC - DE, with signs
        sub e
        ld a,b
        sbc a,d
        jp po,net_decide_signs
        xor 80h
net_decide_signs:
        jp p,net_decide_not
        ld b,d
        ld c,e
        ld (net_best),hl
net_decide_not:
        ld de,{{ s.count - 1 }}
        or a
        sbc hl,de
        pop hl
        jr nz,net_decide_next
{%- if s.margin > 0 %}
        ld hl,0
        ld (net_left),hl
        ld hl,net_logits
net_decide_near:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld h,b                          ; never negative: 0 to 65535
        ld l,c
        or a
        sbc hl,de
        ld a,h
        or a
        jr nz,net_decide_far
        ld a,l
        cp {{ s.margin }}
        jr nc,net_decide_far
        ld hl,(net_left)                ; near, but for itself
        ld de,(net_best)
        or a
        sbc hl,de
        jr z,net_decide_far
        pop hl
        ld hl,{{ s.count }}
        ret
net_decide_far:
        pop hl
        ld de,(net_left)
        inc de
        ld (net_left),de
        ld a,e
        cp {{ s.low }}
        jr nz,net_decide_near
        ld a,d
        cp {{ s.high }}
        jr nz,net_decide_near
{%- endif %}
{%- endif %}
        ld hl,(net_best)
        ret
{%- endmacro decide %}
