{#- Root-mean-square norms of words. -#}
{% macro code(s) %}
; HL: words, B: their number (0: 256), A: the norm's own shift. Gives C: the reciprocal root, IX: how products are shifted.
; B and HL are kept.
norm_measure:
        ld (norm_down),a
        push hl
        push bc
        ld d,0                          ; all bits of the upper bytes of the magnitudes
norm_or:
        ld c,(hl)
        inc hl
        ld a,(hl)
        or a
        jp p,norm_or_plus
        xor a
        sub c
        ld a,0
        sbc a,(hl)
norm_or_plus:
        inc hl
        or d
        ld d,a
        djnz norm_or
        ld e,0                          ; s: how many bits the largest has above 8
        ld a,d
        or a
        jr z,norm_bits_done
norm_bits:
        inc e
        srl a
        jr nz,norm_bits
norm_bits_done:
        ld a,e
        ld (norm_s),a
        ld a,3                          ; s halvings of three, four bytes each
        sub e
        jr c,norm_many
        add a,a
        add a,a
        ld ix,norm_halve
        jr norm_shifts
norm_many:
        ld a,e                          ; 8 - s doublings of four, and the upper byte
        sub 4
        ld ix,norm_double
norm_shifts:
        ld e,a
        ld d,0
        add ix,de
        ld e,d
        pop bc
        pop hl
        push hl
        push bc
        ld c,d                          ; C:DE the sum of squares
norm_square:
        ld a,(hl)
        inc hl
        push hl
        ld h,(hl)
        ld l,a
        bit 7,h
        jr z,norm_plus
        xor a
        sub l
        ld l,a
        sbc a,a
        sub h
        ld h,a
norm_plus:
        jp (ix)
norm_halve:
{%- for i in range(end=3) %}
        srl h
        rr l
{%- endfor %}
        jr norm_look
norm_double:
{%- for i in range(end=4) %}
        add hl,hl
{%- endfor %}
        ld l,h
norm_look:
        ld h,squares/256
        ld a,e
        add a,(hl)
        ld e,a
        inc h
        ld a,d
        adc a,(hl)
        ld d,a
        jr nc,norm_next
        inc c
norm_next:
        pop hl
        inc hl
        djnz norm_square
        ld a,(norm_s)                   ; k
        ld hl,norm_down
        add a,(hl)
        ld b,a
norm_even:
        ld a,c
        or d
        jr z,norm_root
        srl c
        rr d
        rr e
        srl c
        rr d
        rr e
        inc b
        jr norm_even
norm_root:
        ld l,e
        ld h,roots/256
        ld c,(hl)
        ld a,b
        cp 25                           ; from 24 on all is 0
        jr c,norm_k
        ld a,24
norm_k:
        ld hl,norm_left                 ; 8 - k doublings
        ld e,a
        ld d,0
        cp 9
        jr nc,norm_far
        add hl,de
        add hl,de
        add hl,de
        add hl,de
        add hl,de
        jr norm_entry
norm_far:
        ld hl,norm_right                ; k - 9 halvings of 15
        ld a,24
        sub e
        add a,a
        add a,a
        ld e,a
        add hl,de
norm_entry:
        push hl
        pop ix
        pop hl
        ld b,h
        pop hl
        ret

; HL = DE scaled as measured. DE may change.
norm_scale:
        call multiply
        jp (ix)
norm_right:
{%- for i in range(end=15) %}
        sra a
        rr h
{%- endfor %}
        ld l,h
        ld h,a
        inc hl
        sra h
        rr l
        ret
norm_left:
{%- for i in range(end=8) %}
        add hl,hl
        adc a,a
        jp pe,norm_most
{%- endfor %}
        sla l
        ld l,h
        ld h,a
        ld de,0
        adc hl,de
        ret po
norm_most:
        ld hl,32767                     ; carry: the sign
        ld de,0
        adc hl,de
        ret
{% endmacro code %}

{% macro bytes(s) %}
; The norm of B words at HL, narrowed to bytes at (rows_out). A: the norm's own shift.{% if s.gain %} (norm_gains): mantissas.{% endif %}
{{ s.name }}:
        call norm_measure
{{ s.name }}_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        push bc
        call norm_scale
{{- self::gain(s=s) }}
        call {{ s.tail }}
        pop bc
        pop hl
        djnz {{ s.name }}_next
        ret
{% endmacro bytes %}

{% macro gain(s) %}
{%- if s.gain %}
        ex de,hl
        ld hl,(norm_gains)
        ld c,(hl)
        inc hl
        ld (norm_gains),hl
        call multiply
        call {{ s.gain }}
{%- endif %}
{%- endmacro gain %}

{% macro narrow(s) %}
; B words at HL, narrowed to bytes at (rows_out).
{{ s.name }}:
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        push bc
        ex de,hl
        call {{ s.tail }}
        pop bc
        pop hl
        djnz {{ s.name }}
        ret
{% endmacro narrow %}

{% macro groups(s) %}
; The norms of C groups of {% if s.size == 0 %}256{% else %}{{ s.size }}{% endif %} words from HL on, in their place. A: the norm's own shift.{% if s.gain %} (norm_gain): the
; mantissas of a group.{% endif %}
{{ s.name }}:
        push af
        push bc
{%- if s.gain %}
        push hl
        ld hl,(norm_gain)
        ld (norm_gains),hl
        pop hl
{%- endif %}
        ld b,{{ s.size }}
        call norm_measure
{{ s.name }}_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        push hl
        push bc
        call norm_scale
{{- self::gain(s=s) }}
        pop bc
        ex de,hl
        pop hl
        ld (hl),d
        dec hl
        ld (hl),e
        inc hl
        inc hl
        djnz {{ s.name }}_next
        pop bc
        pop af
        dec c
        jr nz,{{ s.name }}
        ret
{% endmacro groups %}
