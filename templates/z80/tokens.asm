{%- import "merge.asm" as merging -%}
{%- import "turns.asm" as turns -%}
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
{{- merging::merge(s=s) }}
{%- endif %}
{%- if s.eos is number %}
        ld hl,{{ s.eos }}
        call tokens_put
{%- endif %}
{%- if s.turns %}
{{- turns::turn(s=s.turns, most=s.most) }}
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
