{# The loop over bytes, and a routine for each byte that occurs. #}
{% macro code(s) %}

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
{%- for r in s %}
{{ r.label }}:
        exx
{%- for line in r.lines %}
        {{ line }}
{%- endfor %}
        jp packed_loop
{%- endfor %}
{%- endmacro code %}

{# Where the routine of each byte is: low bytes of addresses, then high bytes. #}
{% macro table(s) %}
        ds (256-($ and 255)) and 255
packed_table:
{%- for r in s %}
        ds packed_table+{{ r.byte }}-$
        db {{ r.label }} and 255
{%- endfor %}
        ds packed_table+256-$
{%- for r in s %}
        ds packed_table+256+{{ r.byte }}-$
        db {{ r.label }}/256
{%- endfor %}
{%- endmacro table %}

{# Hands the column at HL to the loop, tile by tile. #}
{% macro apply(s) %}
        push hl
{%- if s.keeps_alternate %}
        di                              ; the system's interrupts use BC'
{%- endif %}
        exx
        pop de
{%- if s.keeps_alternate %}
        push bc
{%- endif %}
        exx
        ld h,{{ s.page }}
{%- for bytes in s.bytes %}
        ld l,0
        exx
        ld b,{{ bytes + 1 }}
        exx
        call packed_loop
{%- if not loop.last %}
{%- for i in range(end=s.stride) %}
        inc h
{%- endfor %}
{%- endif %}
{%- endfor %}
{%- if s.keeps_alternate %}
        exx
        pop bc
        exx
        ei
{%- endif %}
{%- endmacro apply %}

{% macro weights(s) %}
; {{ s.name }}: packed columns, four outputs a byte, the first in the lowest bits
{%- for g in s.segments %}
{%- for c in g.columns %}
{{ c.label }}:
{%- for line in c.bytes %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- endfor %}
{%- endmacro weights %}
