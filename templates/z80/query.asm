{# Takes a query. #}
{% macro set_query(s) %}

; Takes a query: HL text, B length. Spaces at both ends are dropped, A-Z become a-z; a space is put on
; each side. Z if nothing is left.
set_query:
        ld c,0                          ; length
        ld de,query_text
        ld a,' '
        ld (de),a
        inc de
        inc b
set_query_lead:
        dec b
        jr z,set_query_end
        ld a,(hl)
        inc hl
        cp ' '
        jr z,set_query_lead
        jr set_query_fold
set_query_next:
        ld a,(hl)
        inc hl
set_query_fold:
        cp 'A'
        jr c,set_query_put
        cp 'Z'+1
        jr nc,set_query_put
        add a,32
set_query_put:
        ld (de),a
        inc de
        inc c
        djnz set_query_next
set_query_trim:
        dec de
        ld a,(de)
        cp ' '
        jr nz,set_query_trimmed
        dec c
        jr set_query_trim               ; stops at the latest at the first letter, which is no space
set_query_trimmed:
        inc de
set_query_end:
        ld a,' '
        ld (de),a
        ld a,c
        ld (query_length),a
        or a
        ret
{%- endmacro set_query %}
