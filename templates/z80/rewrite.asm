{#- The text is rewritten in its own place, before it becomes tokens. -#}

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
