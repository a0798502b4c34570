{%- import "prior.asm" as prior -%}
{#- Replies that grow side by side: what becomes of logits, and what replies.asm calls.

    A record has 8 bytes: the cost (4), the token (2), the reply that it continues or its place in the round, the place of its
    keys and values. s.width; s.outputs; s.bits, s.count: of weights; s.ends; s.most; s.keys, s.values: bytes of a reply's caches;
    s.keeps: the conversation goes on behind the best; s.sums: bytes of phase_sums; s.prior: none, or the bits that costs of a prior
    are shifted by: which they are goes by the tokens that the reply read last. -#}
{% macro code(s) %}
; a logit: all are kept until the last
choose:
{%- if s.prior is number %}
{{- prior::cost(s=s) }}
{%- endif %}
        ld (logit),hl
logits_ready:
        ld a,h
        xor 80h                         ; compared without signs
        ld d,a
        ld e,l
        ld hl,(beam_at)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (beam_at),hl
        ld hl,(beam_most)
        or a
        sbc hl,de
        ret nc
        ld (beam_most),de
        ret

; All logits of reply (beam_reply) are there: its tokens are put among the cheapest.
beam_score:
        ld hl,0
        ld (beam_sum),hl
        ld (beam_sum+2),hl
        ld hl,beam_logits
        ld bc,{{ s.outputs }}
beam_weigh:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld hl,(beam_most)
        or a
        sbc hl,de
{%- for i in range(end=s.bits) %}
        srl h
        rr l
{%- endfor %}
        ld de,{{ s.count }}
        or a
        sbc hl,de
        jr nc,beam_far
        ld de,beam_weights+{{ s.count }}
        add hl,de
        ld a,(hl)
        ld hl,beam_sum
        add a,(hl)
        ld (hl),a
        jr nc,beam_far
        inc hl
        inc (hl)
        jr nz,beam_far
        inc hl
        inc (hl)
beam_far:
        pop hl
        dec bc
        ld a,b
        or c
        jr nz,beam_weigh
        ld hl,(beam_sum)                ; its logarithm
        ld a,(beam_sum+2)
        ld b,0
beam_shift:
        ld c,a
        or h
        ld a,c
        jr z,beam_shifted
        srl a
        rr h
        rr l
        inc b
        jr beam_shift
beam_shifted:
        ld a,(beam_reply)
        call beam_record
{%- if s.prior is number %}
        ld de,(token)                   ; the first of all replies has none of its own: it has the last that was read
        ld (ix+4),e
        ld (ix+5),d
{%- endif %}
        ld a,b
        or a
        jr z,beam_alone
        add hl,hl                       ; L: 128 to 255
        ld de,beam_parts-256
        add hl,de
        ld e,(hl)
        inc hl
        ld d,(hl)
        ld l,b
        ld h,0
        add hl,hl
        add hl,hl
        ld bc,beam_powers-4
        add hl,bc
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        ld a,(hl)
        ex de,hl
        add hl,bc
        adc a,0
        jr beam_add
beam_alone:
        ld hl,0
        xor a
beam_add:
        ld e,(ix+0)
        ld d,(ix+1)
        add hl,de
        ld (beam_base),hl
        ld e,(ix+2)
        ld d,(ix+3)
        ld l,a
        ld h,0
        adc hl,de
        ld (beam_base+2),hl
        ld hl,0
        ld (beam_token),hl
        ld hl,beam_logits
beam_each:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld hl,(beam_most)
        or a
        sbc hl,de
        ld de,(beam_base)
        add hl,de
        ex de,hl
        ld hl,(beam_base+2)
        jr nc,beam_low
        inc hl
beam_low:
        ld bc,(beam_next+{{ 8 * s.width - 6 }})   ; HL:DE is to be less than the largest cost that is there
        or a
        sbc hl,bc
        jr c,beam_take
        jr nz,beam_leave
        ld hl,(beam_next+{{ 8 * s.width - 8 }})
        scf
        sbc hl,de
        jr c,beam_leave
        ld hl,0
beam_take:
        add hl,bc
        call beam_put
beam_leave:
        ld hl,(beam_token)
        inc hl
        ld (beam_token),hl
        ld de,{{ s.outputs }}
        or a
        sbc hl,de
        pop hl
        jr nz,beam_each
        ret

; HL:DE: the cost of token (beam_token), less than that of the last record. It goes behind those that cost no more.
beam_put:
        ld (beam_cost),de
        ld (beam_cost+2),hl
        ld ix,beam_next+{{ 8 * s.width - 8 }}
        ld b,{{ s.width - 1 }}
beam_before:
        ld hl,(beam_cost)
        ld e,(ix-8)
        ld d,(ix-7)
        or a
        sbc hl,de
        ld hl,(beam_cost+2)
        ld e,(ix-6)
        ld d,(ix-5)
        sbc hl,de
        jr nc,beam_here
        push bc
        push ix
        pop de
        ld hl,0FFF8h
        add hl,de
        push hl
        ld bc,8
        ldir
        pop ix
        pop bc
        djnz beam_before
beam_here:
        ld hl,(beam_cost)
        ld (ix+0),l
        ld (ix+1),h
        ld hl,(beam_cost+2)
        ld (ix+2),l
        ld (ix+3),h
        ld hl,(beam_token)
        ld (ix+4),l
        ld (ix+5),h
        ld a,(beam_reply)
        ld (ix+6),a
        ret

{%- if s.prior is number %}

; HL: what is noted for reply A of those that grow: the token that it read last but one. Changes DE.
beam_noted:
        ld l,a
        ld h,0
        add hl,hl
        ld de,beam_former
        add hl,de
        ret
{%- endif %}

; IX: record A of the replies that grow. Keeps BC and HL.
beam_record:
        add a,a
        add a,a
        add a,a
        ld e,a
        ld d,0
        ld ix,beam_now
        add ix,de
        ret

; HL = HL + A times DE.
beam_place:
        or a
        ret z
        add hl,de
        dec a
        jr beam_place

; Keys and values of place B are copied to place C.
beam_copy:
        push bc
        ld hl,cache_keys
        ld de,{{ s.keys }}
        call beam_move
        pop bc
        ld hl,cache_values
        ld de,{{ s.values }}
beam_move:
        push hl
        ld a,b
        call beam_place
        ex (sp),hl
        ld a,c
        call beam_place
        push de
        pop bc
        ex de,hl
        pop hl
        ldir
        ret

; All of a round are dear, until there are others.
beam_empty:
        ld hl,beam_next
        ld b,{{ 8 * s.width }}
beam_dear:
        ld (hl),0FFh
        inc hl
        djnz beam_dear
        ret

; C: the reply of record IX, which has ended, costs less a token than the best before. The difference of their costs, each times
; the tokens of the other, has 49 bits.
beam_likelier:
        ld hl,beam_sums
        ld b,7
beam_zero:
        ld (hl),0
        inc hl
        djnz beam_zero
        ld hl,(beam_best+4)
        ld (beam_times),hl
        ld hl,(beam_round)
        ld (beam_times+2),hl
        ld b,16
beam_bit:
        push bc
        ld hl,beam_sums
        ld b,7
        or a
beam_double:
        rl (hl)
        inc hl
        djnz beam_double
        ld hl,beam_times
        sla (hl)
        inc hl
        rl (hl)
        jr nc,beam_less
        push ix
        pop de
        ld hl,beam_sums
        ld b,4
        or a
beam_more:
        ld a,(de)
        adc a,(hl)
        ld (hl),a
        inc hl
        inc de
        djnz beam_more
        ld b,3
beam_carry:
        ld a,(hl)
        adc a,0
        ld (hl),a
        inc hl
        djnz beam_carry
beam_less:
        ld hl,beam_times+2
        sla (hl)
        inc hl
        rl (hl)
        jr nc,beam_same
        ld de,beam_best
        ld hl,beam_sums
        ld b,4
        or a
beam_minus:
        ld a,(de)
        ld c,a
        ld a,(hl)
        sbc a,c
        ld (hl),a
        inc hl
        inc de
        djnz beam_minus
        ld b,3
beam_borrow:
        ld a,(hl)
        sbc a,0
        ld (hl),a
        inc hl
        djnz beam_borrow
beam_same:
        pop bc
        djnz beam_bit
        ld a,(beam_sums+6)
        rla
        ret
{% endmacro code %}
