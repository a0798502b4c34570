{#- Text → tokens. The text is rewritten in its own place, cut into characters, and neighbours are merged. -#}

{#- s.steps: of each call (label) and text: the argument's label, or none; s.refuses: characters without a token are left
    out; s.by_byte: a byte is a character; s.bos, s.eos: tokens around all, or none; s.fallback: bytes, unknown or refuse;
    s.first_byte: the token of byte 0, where those of the others follow; s.unknown; s.fuse; s.merges: their number; s.most:
    tokens that are read in all. -#}
{% macro encode(s) %}
; The line becomes tokens: (waiting) of them, from tokens_all on.
tokens_begin:
{%- if s.refuses %}
        ld hl,0
        ld (tokens_front),hl            ; bytes that were set in front of the text
{%- endif %}
        ld hl,query_text+1
        ld de,tokens_text
        ld a,(query_length)
        ld c,a
        ld b,0
        ld (tokens_length),bc
        or a
        jr z,tokens_typed
        ldir
tokens_typed:
{%- for step in s.steps %}
{%- if step.text %}
        ld hl,{{ step.text }}
{%- endif %}
        call {{ step.call }}
{%- endfor %}
        ld hl,tokens_first
        ld (tokens_to),hl
{%- if s.bos is number %}
        ld hl,{{ s.bos }}
        ld (tokens_all),hl
{%- endif %}
{%- if s.fuse %}
        xor a
        ld (tokens_unknown),a
{%- endif %}
        ld hl,tokens_text
        ld bc,(tokens_length)
tokens_next:
        ld a,b
        or c
        jp z,tokens_made
        ld d,h                          ; DE: a character
        ld e,l
        inc hl
        dec bc
{%- if not s.by_byte %}
        ld ixl,1                        ; its bytes: up to three 80h to BFh belong to the first
tokens_more:
        ld a,b
        or c
        jr z,tokens_one
        ld a,(hl)
        and 0C0h
        cp 80h
        jr nz,tokens_one
        ld a,ixl
        cp 4
        jr z,tokens_one
        inc ixl
        inc hl
        dec bc
        jr tokens_more
tokens_one:
{%- endif %}
        push hl
        push bc
{%- if not s.by_byte %}
        ld a,ixl
        dec a
        jr nz,tokens_long
{%- endif %}
        ld a,(de)
        ld l,a
        ld h,0
        add hl,hl
        ld bc,tokens_single
        add hl,bc
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
        and h
        inc a
        jr z,tokens_none
tokens_known:
{%- if s.fuse %}
        xor a
        ld (tokens_unknown),a
{%- endif %}
        call tokens_put
tokens_past:
        pop bc
        pop hl
        jr tokens_next
{%- if not s.by_byte %}
tokens_long:
        ld hl,tokens_several            ; size, bytes, token of each; 0
tokens_entry:
        ld a,(hl)
        or a
        jr z,tokens_none
        inc hl
        push de
        ld b,a
        cp ixl
        jr nz,tokens_other
tokens_compare:
        ld a,(de)
        cp (hl)
        jr nz,tokens_other
        inc de
        inc hl
        djnz tokens_compare
        pop de
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
        jr tokens_known
tokens_other:
        ld e,b
        ld d,0
        add hl,de
        inc hl
        inc hl
        pop de
        jr tokens_entry
{%- endif %}
tokens_none:
{%- if s.fallback == "bytes" %}
{%- if s.by_byte %}
        jr tokens_past                  ; each byte has a token
{%- else %}
        ld a,(de)                       ; a token for each byte
        inc de
        push de
        ld l,a
        ld h,0
{%- if s.first_byte is number %}
        ld de,{{ s.first_byte }}
        add hl,de
{%- else %}
        add hl,hl
        ld de,tokens_bytes
        add hl,de
        ld a,(hl)
        inc hl
        ld h,(hl)
        ld l,a
{%- endif %}
        call tokens_put
        pop de
        dec ixl
        jr nz,tokens_none
        jr tokens_past
{%- endif %}
{%- elif s.fallback == "unknown" %}
{%- if s.fuse %}
        ld hl,tokens_unknown
        ld a,(hl)
        ld (hl),1
        or a
        jr nz,tokens_past
{%- endif %}
        ld hl,{{ s.unknown }}
        call tokens_put
        jr tokens_past
{%- else %}
; A character without a token is taken out of the line, as it was typed, and all begins again.
        pop bc
        pop hl
        ex de,hl
        ld de,tokens_text
        or a
        sbc hl,de
        ld de,(tokens_front)
        sbc hl,de
        ld a,(query_length)
        sub l
        ld b,a                          ; it, and what is behind it
        ld de,query_text+1
        add hl,de
        ld a,(query_length)
        dec a
        ld (query_length),a
        dec b
        jp z,tokens_begin
        ld d,h
        ld e,l
        inc hl
        ld c,b
        ld b,0
        ldir
        jp tokens_begin
{%- endif %}
tokens_put:
        ex de,hl
        ld hl,(tokens_to)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        ld (tokens_to),hl
        ret
tokens_made:
{%- if s.merges %}
{{- self::merge(s=s) }}
{%- endif %}
{%- if s.eos is number %}
        ld hl,{{ s.eos }}
        call tokens_put
{%- endif %}
{%- if s.turns %}
{{- self::turn(s=s.turns, most=s.most) }}
{%- else %}
        ld hl,tokens_all
        ld (token_at),hl
        ex de,hl
        ld hl,(tokens_to)
        or a
        sbc hl,de
        srl h
        rr l
        ld (waiting),hl
        ld de,{{ s.most }}
        sbc hl,de
        jr c,tokens_few
        ld (waiting),de
tokens_few:
{%- endif %}
{% endmacro encode %}

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
        ld de,tokens_first-{{ 2 * s.later }}
        ld (token_at),de
{%- if s.later %}
        ld hl,turn_later
        ld bc,{{ 2 * s.later }}
        ldir
{%- endif %}
        jr turn_framed
turn_begins:
        ld a,1
        ld (conversed),a
{%- endif %}
        call net_clear
        ld de,tokens_first-{{ 2 * s.first }}
        ld (token_at),de
{%- if s.first %}
        ld hl,turn_first
        ld bc,{{ 2 * s.first }}
        ldir
{%- endif %}
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
        ld hl,mix_pattern               ; no position is in any plane
        ld de,cache_values
        ld bc,{{ s.mix_groups }}
        ldir
        ld hl,cache_values
        ld bc,{{ s.mix_cache - s.mix_groups }}
        ldir
{%- endmacro clear %}

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

{#- Routines that steps call. s.prepend, s.prefix, s.rewrite, s.lower, s.upper: which; s.refuses. -#}
{% macro rules(s) %}
{%- if s.prefix %}
; Sets the text at HL, its length first, in front of the text unless it begins with it.
tokens_prefix:
        ld bc,(tokens_length)
        push hl
        ld de,tokens_text
        ld a,(hl)
        ld ixl,a
tokens_prefix_next:
        inc hl
        ld a,b
        or c
        jr z,tokens_prefix_set
        ld a,(de)
        cp (hl)
        jr nz,tokens_prefix_set
        inc de
        dec bc
        dec ixl
        jr nz,tokens_prefix_next
        pop hl
        ret
tokens_prefix_set:
        pop hl
{%- endif %}
{%- if s.prefix or s.prepend %}
; Sets the text at HL, its length first, in front of the text if that is not empty.
tokens_prepend:
        ld bc,(tokens_length)
        ld a,b
        or c
        ret z
        push hl
        push bc
        ld hl,tokens_text
        ld de,tokens_other_text
        ldir
        pop bc
        pop hl
        push bc
        ld c,(hl)
        ld b,0
        push bc
        inc hl
        ld de,tokens_text
        ldir
        pop bc
{%- if s.refuses %}
        ld hl,(tokens_front)
        add hl,bc
        ld (tokens_front),hl
{%- endif %}
        ld hl,(tokens_length)
        add hl,bc
        ld (tokens_length),hl
        pop bc
        ld hl,tokens_other_text
        ldir
        ret
{%- endif %}
{%- if s.rewrite %}
; Where the text is like an entry of the table at HL (length, text, length, what it becomes; 0), that is replaced.
tokens_rewrite:
        ld (tokens_table),hl
        ld hl,tokens_text
        ld de,tokens_other_text
        ld bc,(tokens_length)
rewrite_next:
        ld a,b
        or c
        jr z,rewrite_done
        push de
        ld de,(tokens_table)
rewrite_entry:
        ld a,(de)
        inc de
        or a
        jr z,rewrite_none
        push hl
        push bc
        ld ixl,a
rewrite_compare:
        ld a,b
        or c
        jr z,rewrite_differs
        ld a,(de)
        cp (hl)
        jr nz,rewrite_differs
        inc de
        inc hl
        dec bc
        dec ixl
        jr nz,rewrite_compare
        pop af
        pop af
        ld a,(de)
        inc de
        ex (sp),hl
        ex de,hl
        or a
        jr z,rewrite_empty
        push bc
        ld c,a
        ld b,0
        ldir
        pop bc
rewrite_empty:
        pop hl
        jr rewrite_next
rewrite_differs:
        ex de,hl                        ; past what is left of the entry
        ld c,ixl
        ld b,0
        add hl,bc
        ld c,(hl)
        inc hl
        add hl,bc
        ex de,hl
        pop bc
        pop hl
        jr rewrite_entry
rewrite_none:
        pop de
        ldi
        jr rewrite_next
rewrite_done:
        ld hl,tokens_other_text
        ex de,hl
        or a
        sbc hl,de
        ld (tokens_length),hl
        ld b,h
        ld c,l
        ld a,b
        or c
        ret z
        ex de,hl
        ld de,tokens_text
        ldir
        ret
{%- endif %}
{%- for fold in s.folds %}
; {{ fold.first }}-{{ fold.last }} become {{ fold.what }} letters.
tokens_{{ fold.what }}:
        ld hl,tokens_text
        ld bc,(tokens_length)
tokens_{{ fold.what }}_next:
        ld a,b
        or c
        ret z
        ld a,(hl)
        cp '{{ fold.first }}'
        jr c,tokens_{{ fold.what }}_past
        cp '{{ fold.last }}'+1
        jr nc,tokens_{{ fold.what }}_past
        xor 20h
        ld (hl),a
tokens_{{ fold.what }}_past:
        inc hl
        dec bc
        jr tokens_{{ fold.what }}_next
{%- endfor %}
{% endmacro rules %}
