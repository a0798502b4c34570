{# Two tracks of code that read bits. #}
{% macro code(s) %}
{#- Why a bit at a time: a routine for each byte that occurs would take 60 bytes, up to 15 KB in all; one for each
half of a byte 512 bytes and as much for the table that finds it, and finding it takes about 95 T-states, twice
a byte: 418 T-states for eight weights. The two tracks below take 266 bytes, no table, and 387 T-states, and 5 more
for each change of track. What is left of eight outputs enters a track in the middle, so nothing is padded. -#}

; ---- packed weights of -1 and +1: eight a byte -------------------------------
; DE': the column's bytes. B: their number. HL: first accumulator's low byte. E: the activation.
; Two tracks of eight steps, one subtracts and one adds. The next weight, lowest bit first, stays on the
; track or changes to the same step of the other. C: weights that are left of the byte.
{%- for i in range(end=8) %}
bits_sub_fix_{{ i }}:
        inc h
        dec (hl)
        dec h
        jp bits_sub_past_{{ i }}
{%- endfor %}
bits_loop:
        exx
        ld a,(de)
        inc de
        exx
        rrca
        ld c,a
        jr c,bits_add_0
{%- for i in range(end=8) %}
bits_sub_{{ i }}:
        ld a,(hl)
        sub e
        ld (hl),a
        jr c,bits_sub_fix_{{ i }}
bits_sub_past_{{ i }}:
        inc l
{%- if not loop.last %}
        srl c
        jr c,bits_add_{{ i + 1 }}
{%- endif %}
{%- endfor %}
        dec b
        jp nz,bits_loop
        ret
{%- for i in range(end=8) %}
bits_add_{{ i }}:
        ld a,(hl)
        add a,e
        ld (hl),a
        jr c,bits_add_fix_{{ i }}
bits_add_past_{{ i }}:
        inc l
{%- if not loop.last %}
        srl c
        jr nc,bits_sub_{{ i + 1 }}
{%- endif %}
{%- endfor %}
        dec b
        jp nz,bits_loop
        ret
{%- for i in range(end=8) %}
bits_add_fix_{{ i }}:
        inc h
        inc (hl)
        dec h
        jp bits_add_past_{{ i }}
{%- endfor %}
{%- for rest in s %}
; The last {{ rest }} of a tile: in the middle of a track, so that it ends behind them. B is 1.
bits_rest_{{ rest }}:
        exx
        ld a,(de)
        inc de
        exx
        rrca
        ld c,a
        jp nc,bits_sub_{{ 8 - rest }}
        jp bits_add_{{ 8 - rest }}
{%- endfor %}
{%- endmacro code %}

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
{%- for t in s.bits %}
        ld l,0
{%- if t.bytes > 0 %}
        ld b,{{ t.bytes }}
        call bits_loop
{%- endif %}
{%- if t.rest > 0 %}
        ld b,1
        call bits_rest_{{ t.rest }}
{%- endif %}
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
; {{ s.name }}: packed columns, eight outputs a byte, the first in the lowest bit
{%- for g in s.segments %}
{%- for c in g.columns %}
{{ c.label }}:
{%- for line in c.bytes %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- endfor %}
{%- endmacro weights %}
