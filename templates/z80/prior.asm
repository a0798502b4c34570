{#- What tokens cost behind those that were read last: an n-gram prior. -#}
{#- find: where the row is. Data: for each token the place of its list, lists of a token before and the place of a row
    (token 0FFFFh is any), rows. Places count from the start of the data. -#}
{% macro find(s) %}
; prior_at: the costs behind the tokens that were read last
prior_find:
        ld hl,(token)
        add hl,hl
        ld de,prior_data
        add hl,de
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
        add hl,de
        ld bc,(token_before)
prior_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld a,e
        and d
        inc a
        jr z,prior_found                ; any
        ld a,e
        cp c
        jr nz,prior_other
        ld a,d
        cp b
        jr z,prior_found
prior_other:
        inc hl
        inc hl
        jr prior_next
prior_found:
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
        ld de,prior_data
        add hl,de
        ld (prior_at),hl
        ret
{% endmacro find %}

{#- cost: HL: a logit, from which its token's cost is subtracted; it saturates. s.prior: bits that costs are shifted by. -#}
{% macro cost(s) %}
        ex de,hl
        ld hl,(prior_at)
        ld c,(hl)
        inc hl
        ld (prior_at),hl
        ld l,c
        ld h,0
{%- for bit in range(end=s.prior) %}
        add hl,hl
{%- endfor %}
        ex de,hl
        or a
        sbc hl,de
        jp po,prior_fits
        ld hl,8000h
prior_fits:
{%- endmacro cost %}
