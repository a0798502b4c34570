
; ---- packed weights: four a byte, one short routine for each byte that occurs -------
; DE': the column's bytes. B': their number plus 1. HL: first accumulator's low byte. E: the activation.
packed_loop:
        exx
        djnz packed_byte
        exx
        ret
packed_byte:
        ld a,(de)
        inc de
        ld l,a
        ld h,packed_table/256
        ld c,(hl)
        inc h
        ld h,(hl)
        ld l,c
        jp (hl)
{%- for r in routines %}
{{ r.label }}:
        exx
{%- for line in r.lines %}
        {{ line }}
{%- endfor %}
        jp packed_loop
{%- endfor %}
