{% import "multiply.asm" as multiply %}
{% import "norm.asm" as norm %}
{% import "quick.asm" as quick %}
{#- Norms of groups of words, in their place: those of the heads, and of all values where norms stand behind layers.

    s.name, s.size; s.gain: what shifts behind a gain, none without; s.same: all gains are one; s.quick: products are made in
    place where they are shifted by nine bits or more; s.shift and what else `quick.asm` needs for a gain. -#}
{% macro groups(s) %}
; The norms of C groups of {% if s.size == 0 %}256{% else %}{{ s.size }}{% endif %} words from HL on, in their place. A: the norm's own shift.{% if s.gain %} (norm_gain): the
; mantissas of a group{% if s.same %}, all (norm_mantissa){% endif %}.{% endif %}
{{ s.name }}:
        push af
        push bc
{%- if s.gain and not s.same %}
        push hl
        ld hl,(norm_gain)
        ld (norm_gains),hl
        pop hl
{%- endif %}
        ld b,{{ s.size }}
        call norm_measure
{%- if s.quick %}
        ld a,(norm_shift)
        cp 9
        jp c,{{ s.name }}_next
        ld e,a
        ld a,24                         ; k - 9 halvings of 15, four bytes each
        sub e
        add a,a
        add a,a
        ld e,a
        ld d,0
        ld ix,{{ s.name }}_half
        add ix,de
        ld a,c
        ld (norm_root),a
{{ s.name }}_quick:
        ld e,(hl)
        inc hl
        ld d,(hl)
        push hl
        ld a,(norm_root)
        ld c,a
{{- multiply::times(name=s.name) }}
        jp (ix)
{{ s.name }}_half:
{%- for i in range(end=15) %}
        sra a
        rr h
{%- endfor %}
        ld l,h
        ld h,a
        inc hl
        sra h
        rr l
{%- if s.gain %}
        push bc
{%- if s.same %}
        ld a,(norm_mantissa)
        ld c,a
{%- else %}
        ex de,hl
        ld hl,(norm_gains)
        ld c,(hl)
        inc hl
        ld (norm_gains),hl
        ex de,hl
{%- endif %}
        ld b,l
        ld a,h
        or a
        jr z,{{ s.name }}_plus
        inc a
        jp nz,{{ s.name }}_large
{{- multiply::quarters(name=s.name ~ "_minus") }}
        sub c                           ; B was taken as 256 more: -65,536 is missing
{%- if s.zero %}
        jr nc,{{ s.name }}_shift        ; the mantissa is 0
{%- endif %}
{{- quick::minus(s=s) }}
        jr {{ s.name }}_store
{{ s.name }}_plus:
{{- multiply::quarters(name=s.name) }}
{{ s.name }}_shift:
{{- quick::plus(s=s) }}
{{ s.name }}_store:
        pop bc
{%- endif %}
        ex de,hl
        pop hl
        ld (hl),d
        dec hl
        ld (hl),e
        inc hl
        inc hl
        dec b
        jp nz,{{ s.name }}_quick
        jp {{ s.name }}_end
{%- if s.gain %}
{{ s.name }}_large:
        ex de,hl
        call multiply_long
        call {{ s.gain }}
        jp {{ s.name }}_store
{%- endif %}
{%- endif %}
{{ s.name }}_next:
        ld e,(hl)
        inc hl
        ld d,(hl)
        push hl
        push bc
        call norm_scale
{{- norm::gain(s=s) }}
        pop bc
        ex de,hl
        pop hl
        ld (hl),d
        dec hl
        ld (hl),e
        inc hl
        inc hl
        djnz {{ s.name }}_next
{{ s.name }}_end:
        pop bc
        pop af
        dec c
        jp nz,{{ s.name }}
        ret
{% endmacro groups %}
