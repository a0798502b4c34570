{#- Neighbours become one token. -#}

{#- Of all pairs that are in the table the one of the lowest rank becomes one token, of equals the leftmost. -#}
{% macro merge(s) %}
        ld hl,(tokens_to)               ; how many pairs
        ld de,tokens_first
        or a
        sbc hl,de
        srl h
        rr l
        ld a,h
        or l
        jp z,merge_done
        dec hl
        ld (merge_pairs),hl
        ld b,h
        ld c,l
        ld hl,merge_ranks
merge_first:
        ld a,b
        or c
        jr z,merge_best
        push bc
        call merge_again
        pop bc
        dec bc
        jr merge_first
merge_best:
        ld bc,(merge_pairs)
        ld hl,merge_ranks
        ld de,0FFFFh
merge_scan:
        ld a,b
        or c
        jr z,merge_scanned
        dec bc
        ld a,(hl)
        sub e
        inc hl
        ld a,(hl)
        sbc a,d
        jr nc,merge_higher
        ld d,(hl)
        dec hl
        ld e,(hl)
        ld (merge_at),hl
        inc hl
merge_higher:
        inc hl
        jr merge_scan
merge_scanned:
        ld a,d
        and e
        inc a
        jp z,merge_done
        ld hl,(merge_at)
        call merge_pair
        push hl                         ; behind the left token
        call merge_find
        pop hl
        dec hl
        dec hl
        ld de,(merge_result)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        push hl                         ; the right token goes
        inc hl
        inc hl
        ex de,hl
        ld hl,(tokens_to)
        or a
        sbc hl,de
        ld b,h
        ld c,l
        ex de,hl
        pop de
        push bc
        ld a,b
        or c
        jr z,merge_moved
        ldir
merge_moved:
        ld (tokens_to),de
        pop bc
        ld hl,(merge_pairs)
        dec hl
        ld (merge_pairs),hl
        ld a,b
        or c
        jr z,merge_before               ; nothing is behind the pair
        dec bc
        dec bc
        ld a,b
        or c
        jr z,merge_behind
        ld hl,(merge_at)
        inc hl
        inc hl
        ld d,h
        ld e,l
        inc hl
        inc hl
        ldir
merge_behind:
        ld hl,(merge_at)
        call merge_again
merge_before:
        ld hl,(merge_at)
        ld de,merge_ranks
        or a
        sbc hl,de
        jp z,merge_best
        add hl,de
        dec hl
        dec hl
        call merge_again
        jp merge_best

; HL: where the rank of a pair is. DE: its left token, BC: its right one, HL: behind the left one.
merge_pair:
        ld de,merge_ranks
        or a
        sbc hl,de
        ld de,tokens_first
        add hl,de
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld c,(hl)
        inc hl
        ld b,(hl)
        dec hl
        ret
; The rank of the pair whose place is HL; HL is behind it then.
merge_again:
        push hl
        call merge_pair
        call merge_find
        ex de,hl
        pop hl
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ret
; HL: the rank of the pair DE, BC; 0FFFFh if there is none. (merge_result): what it becomes.
merge_find:
        ld (merge_right),bc
        ld hl,merge_lows
        ld bc,{{ s.merges }}
merge_next:
        ld a,e
        cpir
        jr nz,merge_none
        push hl
        push bc
        ld h,b                          ; what is left to look at counts records of seven bytes
        ld l,c
        add hl,hl
        add hl,bc
        add hl,hl
        add hl,bc
        ld bc,merge_records
        add hl,bc
        ld a,(hl)
        cp d
        jr nz,merge_other
        inc hl
        ld bc,(merge_right)
        ld a,(hl)
        cp c
        jr nz,merge_other
        inc hl
        ld a,(hl)
        cp b
        jr nz,merge_other
        inc hl
        ld c,(hl)
        inc hl
        ld b,(hl)
        ld (merge_result),bc
        inc hl
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
        pop bc
        pop bc
        ret
merge_other:
        pop bc
        pop hl
        ld a,b
        or c
        jr nz,merge_next
merge_none:
        ld hl,0FFFFh
        ret
merge_done:
{% endmacro merge %}
