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
{%- if not s.beam %}
        ld (append_fresh),a             ; not 255
{%- endif %}
        inc a
        ld (kept),a
        ld b,0                          ; groups of values that have some
window_groups:
        inc b
        sub {{ s.positions }}
        jr z,window_used
        jr nc,window_groups
window_used:
        ld a,b
        ld (mix_used),a
        ret
window_full:
{%- if not s.beam %}
        ld a,255
        ld (append_fresh),a
{%- endif %}
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
; The value of a head at HL, {{ s.size }} bytes, to the bit planes of DE: {{ s.positions }} positions are a byte, the place of their
; subset in Gray code. A position flips all bits up to its own.
append_value:
        ld a,(slot)
append_group:
        sub {{ s.positions }}
        jr c,append_place
        inc de
        jr append_group
append_place:
        add a,{{ s.positions }}
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
{%- if not s.beam %}
        ld a,(append_fresh)
        inc a
        jr z,append_again
        ld ixl,{{ s.size }}             ; nothing has been there yet
append_new:
        ld a,(de)
        inc de
        push de
        ld e,a
        ld d,b
        push bc
        ld bc,{{ s.groups_of_plane }}
{%- for i in range(end=8) %}
        sla e
        jr nc,append_zero_{{ i }}
        ld a,(hl)
        xor d
        ld (hl),a
append_zero_{{ i }}:
        add hl,bc
{%- endfor %}
        pop bc
        pop de
        dec ixl
        jp nz,append_new
        ret
append_again:
{%- endif %}
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
append_masks:   db {{ s.masks | join(sep=",") }}
{% endmacro value %}
