{#- Pairs of words turned by phases, to bytes. -#}
{% macro phases(s) %}
; The cosines and sines of this position; the next one's phases.
phases:
{%- if s.beam %}
        ld a,(beam_reply)               ; they are the same for all replies of a round
        or a
        ret nz
{%- endif %}
        ld hl,phase_sums
        ld de,phase_steps
        ld ix,turns
        ld b,{{ s.pairs }}
phases_next:
        ld a,(hl)                       ; bits 0 to 7 take no part in the rounding
        ld c,a
        inc hl
        ld a,(hl)
        add a,a                         ; half of 65536 is bit 15
        inc hl
        ld a,(hl)
        adc a,0
        push hl
        ld h,cosines/256
        ld l,a
        ld a,(hl)
        ld (ix+0),a
        ld a,l
        add a,192
        ld l,a
        ld a,(hl)
        ld (ix+1),a
        inc ix
        inc ix
        pop hl
        dec hl
        dec hl
        ld a,(de)
        add a,(hl)
        ld (hl),a
        inc hl
        inc de
        ld a,(de)
        adc a,(hl)
        ld (hl),a
        inc hl
        inc de
        ld a,(de)
        adc a,(hl)
        ld (hl),a
        inc hl
        inc de
        djnz phases_next
        ret
{% endmacro phases %}

{% macro code(s) %}
; A heads of words at HL, {{ s.pairs }} pairs each, to bytes at (rows_out). (rotate_tail): shifts, saturates and stores.
rotate:
        ld ix,turns
        ld b,{{ s.pairs }}
rotate_pair:
        push af
        push bc
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld (rotate_a),de
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        ld (rotate_b),bc
        push hl
        ld c,(ix+0)
        call multiply_signed            ; a c
        push hl
        push af
        ld de,(rotate_b)
        ld c,(ix+1)
        call multiply_signed            ; b s
        ld c,a
        ex de,hl
        pop af
        pop hl
        or a
        sbc hl,de
        sbc a,c
        call rotate_out
        ld de,(rotate_a)
        ld c,(ix+1)
        call multiply_signed            ; a s
        push hl
        push af
        ld de,(rotate_b)
        ld c,(ix+0)
        call multiply_signed            ; b c
        ld c,a
        ex de,hl
        pop af
        pop hl
        add hl,de
        adc a,c
        call rotate_out
        inc ix
        inc ix
        pop hl
        pop bc
        pop af
        djnz rotate_pair
        dec a
        jp nz,rotate
        ret
rotate_out:
        push hl
        ld hl,(rotate_tail)
        ex (sp),hl
        ret
{% endmacro code %}

{% macro narrow(s) %}
; A heads of words at HL, {{ s.size }} each, narrowed to bytes at (rows_out) by (rotate_tail).
narrow:
        ld b,{{ s.size }}
narrow_word:
        push af
        push bc
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ex de,hl
        ld de,narrow_back
        push de
        ld de,(rotate_tail)
        push de
        ret
narrow_back:
        pop hl
        pop bc
        pop af
        djnz narrow_word
        dec a
        jp nz,narrow
        ret
{% endmacro narrow %}
