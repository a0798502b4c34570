{#- Keys and values are kept as bit planes: keys as rows of weights are, values with a row for each element, over positions.

    s.window; s.size: bytes of a head; s.looks: bytes of a plane of a key; s.groups: of each of them, the last first, its size
    and the offset of its table; s.groups_of_plane: bytes of a plane of a value. -#}
{% macro code(s) %}
; Where the position's keys and values go: the first position stays, the others take turns.
window:
{%- if s.beam %}
        ld a,(beam_reply)               ; it is the same for all replies of a round
        or a
        ret nz
{%- endif %}
        ld a,(kept)
        cp {{ s.window }}
        jr nc,window_full
        ld (slot),a
        inc a
        ld (kept),a
        ret
window_full:
        ld a,(slot)
        inc a
        cp {{ s.window }}
        jr nz,window_slot
        ld a,1
window_slot:
        ld (slot),a
        ret

; The key of a head at HL, {{ s.size }} bytes that are used up, to bit planes in slot (slot) of DE.
append_key:
        push hl
        ex de,hl
        ld de,{{ 8 * s.looks }}
        ld a,(slot)
        ld c,a
        ld b,0
        call index
        ld de,{{ s.looks - 1 }}         ; the last group first
        add hl,de
        ex de,hl
        pop hl
        ld bc,{{ s.size - 1 }}
        add hl,bc
        ld b,8
append_plane:
{%- for g in s.groups %}
        xor a
{%- for i in range(end=g.size) %}
        sla (hl)
        rla
        dec hl
{%- endfor %}
        push hl
        ld l,a
        ld h,subsets/256
        ld a,(hl)
        pop hl
        add a,{{ g.offset }}
        ld (de),a
        dec de
{%- endfor %}
        ld a,e
        add a,{{ 2 * s.looks }}
        ld e,a
        jr nc,append_carry
        inc d
append_carry:
        ld a,l
        add a,{{ s.size }}
        ld l,a
        jr nc,append_back
        inc h
append_back:
        dec b
        jp nz,append_plane
        ret
{% endmacro code %}

{% macro value(s) %}
; The value of a head at HL, {{ s.size }} bytes, to the bit planes of DE: four positions are a byte, the place of their
; subset in Gray code. A position flips all bits up to its own.
append_value:
        ld a,(slot)
        ld c,a
        rrca
        rrca
        and 63
        add a,e
        ld e,a
        jr nc,append_group
        inc d
append_group:
        ld a,c
        and 3
        add a,a
        ld c,a
        ld b,0
        push hl
        ld hl,append_masks
        add hl,bc
        ld b,(hl)                       ; what is flipped
        inc hl
        ld a,(hl)                       ; whose parity tells what was there
        ld ixh,a
        pop hl
        ex de,hl
        ld a,{{ s.size }}
append_element:
        push af
        ld a,(de)                       ; the new byte
        inc de
        push de
        push bc
        ld e,a
        ld d,b
        ld bc,{{ s.groups_of_plane }}
        ld ixl,8
append_bit:
        ld a,(hl)
        and ixh
        jp po,append_was
        sla e
        jr nc,append_same
append_flip:
        ld a,(hl)
        xor d
        ld (hl),a
append_same:
        add hl,bc
        dec ixl
        jr nz,append_bit
        pop bc
        pop de
        pop af
        dec a
        jr nz,append_element
        ret
append_was:
        sla e
        jr c,append_same
        jr append_flip
append_masks:   db 1,3,3,6,7,12,15,8
{% endmacro value %}
