{#- Replies that grow side by side: what is done when all of a round have been read, and when the best of them is known. Records and
    s are those of beam.asm. -#}
{% macro begin(s) %}
; One reply, which has no token yet.
        call beam_empty
        ld hl,beam_now
        ld b,8
beam_first:
        ld (hl),0
        inc hl
        djnz beam_first
        xor a
        ld (beam_reply),a
        ld (beam_ended),a
        ld h,a
        ld l,a
        ld (beam_best+4),hl             ; none has ended
        inc hl
        ld (beam_round),hl
        ld (beam_growing),hl
        ld hl,beam_trail
        ld (beam_row),hl
        ld hl,cache_keys
        ld (beam_keys),hl
        ld hl,cache_values
        ld (beam_values),hl
{%- endmacro begin %}

{% macro round(s) %}
; The next reply of this round is read, if there is one.
        ld hl,beam_reply
        inc (hl)
        ld a,(beam_growing)
        cp (hl)
        jr z,beam_all
        ld hl,(position)                ; all of a round have the same
        dec hl
        ld (position),hl
beam_read:
        ld a,(beam_reply)
        call beam_record
        ld l,(ix+4)
        ld h,(ix+5)
        ld (tokens_all),hl
{%- if s.prior is number %}
        ld a,(beam_reply)
        call beam_noted
        ld e,(hl)
        inc hl
        ld d,(hl)
        ld (token),de                   ; when the next one is read it is the one before
{%- endif %}
        ld hl,tokens_all
        ld (token_at),hl
        ld hl,1
        ld (waiting),hl
        ld a,(ix+7)
        ld hl,cache_keys
        ld de,{{ s.keys }}
        call beam_place
        ld (beam_keys),hl
        ld a,(ix+7)
        ld hl,cache_values
        ld de,{{ s.values }}
        call beam_place
        ld (beam_values),hl
        jp net_step

; The cheapest of all that could follow are there. Those that end here are taken out of them.
beam_all:
        xor a
        ld (beam_growing),a
        ld hl,beam_next
        ld (beam_to),hl
        ld ix,beam_next
        ld b,0
beam_rank:
        ld a,(ix+0)                     ; the largest cost is none
        and (ix+1)
        and (ix+2)
        and (ix+3)
        inc a
        jp z,beam_ranked
        push bc
        push ix
        ld a,(ix+6)
        call beam_record
        ld c,(ix+6)
{%- if s.prior is number %}
        ld l,(ix+4)
        ld h,(ix+5)
        ld (beam_parent),hl
{%- endif %}
        ld a,(ix+7)
        pop ix
        ld (ix+7),a
        ld (ix+6),b
        ld hl,(beam_row)                ; for when the reply is known
        ld a,b
        ld de,3
        call beam_place
        ld e,(ix+4)
        ld d,(ix+5)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (hl),c
{%- for end in s.ends %}
        ld hl,{{ end }}
        or a
        sbc hl,de
        jp z,beam_ends
{%- endfor %}
        ld hl,(position)
        ld de,{{ s.most }}
        or a
        sbc hl,de
        jr nc,beam_ends
{%- if s.prior is number %}
        ld a,(beam_growing)
        call beam_noted
        ld de,(beam_parent)
        ld (hl),e
        inc hl
        ld (hl),d
{%- endif %}
        push ix
        pop hl
        ld de,(beam_to)
        ld bc,8
        ldir
        ld (beam_to),de
        ld hl,beam_growing
        inc (hl)
        jr beam_behind
beam_ends:
        ld hl,(beam_best+4)
        ld a,h
        or l
        jr z,beam_better
        call beam_likelier
        jr nc,beam_worse
beam_better:
        push ix
        pop hl
        ld de,beam_best
        ld bc,4
        ldir
        ld hl,(beam_round)
        ld (beam_best+4),hl
        ld a,(ix+6)
        ld (beam_best+6),a
{%- if s.keeps %}
        ld b,(ix+7)
        ld c,{{ s.width }}
        call beam_copy
        ld hl,kept
        ld de,beam_state
        ld bc,6
        ldir
{%- if s.sums %}
        ld hl,phase_sums
        ld bc,{{ s.sums }}
        ldir
{%- endif %}
{%- if s.prior is number %}
        ld hl,(beam_parent)
        ld (beam_last),hl
{%- endif %}
{%- endif %}
beam_worse:
        ld hl,beam_ended
        inc (hl)
        ld a,(hl)
        cp {{ s.width }}
        pop bc
        jp z,beam_over
        push bc
beam_behind:
        pop bc
        ld de,8
        add ix,de
        inc b
        ld a,b
        cp {{ s.width }}
        jp nz,beam_rank
beam_ranked:
        ld a,(beam_growing)
        or a
        jp z,beam_over

; The first that continues a reply has its keys and values. Others get copies of them, in places of replies that nothing continues.
        ld hl,beam_used
        ld b,{{ s.width }}
beam_unused:
        ld (hl),0
        inc hl
        djnz beam_unused
        ld ix,beam_next
        ld a,(beam_growing)
        ld b,a
        ld c,b
beam_heir:
        ld e,(ix+7)
        ld d,0
        ld hl,beam_used
        add hl,de
        ld a,(hl)
        ld (hl),1
        or a
        jr z,beam_heir_is
        set 7,(ix+7)
beam_heir_is:
        ld de,8
        add ix,de
        djnz beam_heir
        ld ix,beam_next
        ld b,c
beam_other:
        bit 7,(ix+7)
        jr z,beam_other_next
        push bc
        ld hl,beam_used
        ld c,255
beam_search:
        inc c
        ld a,(hl)
        inc hl
        or a
        jr nz,beam_search
        dec hl
        ld (hl),1
        ld a,(ix+7)
        and 7Fh
        ld b,a
        ld (ix+7),c
        call beam_copy
        pop bc
beam_other_next:
        ld de,8
        add ix,de
        djnz beam_other
        ld hl,beam_next
        ld de,beam_now
        ld bc,{{ 8 * s.width }}
        ldir
        call beam_empty
        xor a
        ld (beam_reply),a
        ld hl,(beam_round)
        inc hl
        ld (beam_round),hl
        ld hl,(beam_row)
        ld de,{{ 3 * s.width }}
        add hl,de
        ld (beam_row),hl
        jp beam_read

; The best is known. Its tokens are gone through backwards, and each notes the one behind it.
beam_over:
{%- if s.keeps %}
        ld b,{{ s.width }}
        ld c,0
        call beam_copy
        ld hl,beam_state
        ld de,kept
        ld bc,6
        ldir
{%- if s.sums %}
        ld de,phase_sums
        ld bc,{{ s.sums }}
        ldir
{%- endif %}
{%- if s.prior is number %}
        ld hl,(beam_last)
        ld (token),hl
{%- endif %}
{%- endif %}
        ld hl,beam_trail-{{ 3 * s.width }}
        ld bc,(beam_best+4)
        ld de,{{ 3 * s.width }}
beam_to_last:
        add hl,de
        dec bc
        ld a,b
        or c
        jr nz,beam_to_last
        ld a,(beam_best+6)
        ld b,a                          ; its place in the round
        ld c,0
beam_back:
        push hl
        ld a,b
        ld de,3
        call beam_place
        inc hl
        inc hl
        ld a,(hl)
        ld (hl),c
        ld c,b
        ld b,a
        pop hl
        ld de,{{ 65536 - 3 * s.width }}
        add hl,de
        push hl
        ld de,0-beam_trail
        add hl,de
        pop hl
        jr c,beam_back
        ld a,c
        ld (beam_reply),a
        ld hl,beam_trail
        ld (beam_row),hl
beam_say:
        ld hl,(beam_row)
        ld a,(beam_reply)
        ld de,3
        call beam_place
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        ld a,(hl)
        ld (beam_reply),a
{%- endmacro round %}

{% macro said(s) %}
; The next one is shown, up to the last.
net_feed:
        ld hl,(beam_row)
        ld de,{{ 3 * s.width }}
        add hl,de
        ld (beam_row),hl
        ld hl,(beam_best+4)
        dec hl
        ld (beam_best+4),hl
        ld a,h
        or l
        ret z
        jp beam_say
{%- endmacro said %}
