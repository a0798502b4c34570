{# Index of the first largest logit. Comparing acc with the bits below the shift cleared compares acc >> shift. #}
{% macro argmax(s) %}
; argmax: D the best high byte with its sign flipped, E its low byte, C its index
argmax:
        ld hl,{{ s.acc }}
        ld a,(hl)
        and {{ s.logit_mask }}
        ld e,a
        inc h
        ld a,(hl)
        xor 80h
        ld d,a
        ld c,0
{%- if s.wide %}
        ld ixl,0
{%- endif %}
{%- for t in s.logit_tiles %}
{%- if t.count > 0 %}
{%- if t.index > 0 %}
        ld hl,{{ s.acc }}+{{ t.index * s.stride * 256 + 256 + 255 }}
{%- endif %}
        ld b,{{ t.count % 256 }}
argmax_{{ t.index }}:
        inc l
        ld a,(hl)
        xor 80h
        cp d
        jr nc,argmax_{{ t.index }}_near
argmax_{{ t.index }}_next:
        djnz argmax_{{ t.index }}
        jp argmax_{{ t.index }}_done
argmax_{{ t.index }}_near:
        jr nz,argmax_{{ t.index }}_won
        dec h
        ld a,(hl)
        inc h
        and {{ s.logit_mask }}
        cp e
        jr c,argmax_{{ t.index }}_next
        jr z,argmax_{{ t.index }}_next
        ld e,a
        jr argmax_{{ t.index }}_take
argmax_{{ t.index }}_won:
        ld d,a
        dec h
        ld a,(hl)
        inc h
        and {{ s.logit_mask }}
        ld e,a
argmax_{{ t.index }}_take:
        ld c,l
{%- if s.wide %}
        ld ixl,{{ t.index }}
{%- endif %}
        jr argmax_{{ t.index }}_next
argmax_{{ t.index }}_done:
{%- endif %}
{%- endfor %}
{%- if s.limit %}

; A logit that is less than the margin below the best makes the index {{ s.unsure.high * 256 + s.unsure.low }}. C{% if s.wide %} and IXL{% endif %}: that of the best, which is not
; compared. D, E: the best, with its sign; IXH: bytes of a moment.
        ld a,d
        xor 80h
        ld d,a
{%- for t in s.all_tiles %}
        ld hl,{{ s.acc }}+{{ t.index * s.stride * 256 }}
        ld b,{{ t.count % 256 }}
decide_{{ t.index }}:
        ld a,l
        cp c
{%- if s.tiles > 1 %}
        jr nz,decide_{{ t.index }}_near
        ld a,ixl
        cp {{ t.index }}
{%- endif %}
        jr z,decide_{{ t.index }}_next
decide_{{ t.index }}_near:
        ld a,(hl)
        and {{ s.logit_mask }}
        ld ixh,a
        ld a,e
        sub ixh
        ld ixh,a
        inc h
        ld a,d
        sbc a,(hl)
        dec h
        cp {{ s.limit.high }}
        jp c,decide_unsure
        jr nz,decide_{{ t.index }}_next
        ld a,ixh
        cp {{ s.limit.low }}
        jp c,decide_unsure
decide_{{ t.index }}_next:
        inc l
        djnz decide_{{ t.index }}
{%- endfor %}
        jr decide_done
decide_unsure:
        ld c,{{ s.unsure.low }}
{%- if s.wide %}
        ld ixl,{{ s.unsure.high }}
{%- endif %}
decide_done:
{%- endif %}
{%- endmacro argmax %}
