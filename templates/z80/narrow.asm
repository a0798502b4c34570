{# A query too long for bytes: counted in pieces, the pieces summed in 16 bits, the sums raised to where
   they cannot matter any more. `s` is the query's stage. #}
{% macro long(s, n) %}
; Queries of more than {{ n.short }} bytes.
{{ s.name }}_long:
        ld (net_rest),a
        ld a,{{ n.long_threshold }}
{%- for label in n.patches %}
        ld ({{ label }}+1),a
{%- endfor %}
        ld hl,net_totals
        ld b,0
{{ s.name }}_clear:
        ld (hl),0
        inc h
        ld (hl),0
        dec h
        inc l
        djnz {{ s.name }}_clear
        ld ix,query_text
{{ s.name }}_piece:
        ld hl,{{ s.name }}_acc
        ld b,0
{{ s.name }}_middle:
        ld (hl),128
        inc l
        djnz {{ s.name }}_middle
        ld hl,net_rest
        ld a,(hl)
        cp {{ n.piece }}
        jr c,{{ s.name }}_short_piece
        ld a,{{ n.piece }}
{{ s.name }}_short_piece:
        ld c,a
        ld a,(hl)
        sub c
        ld (hl),a
        ld a,c
        call {{ s.name }}_count
; totals += byte - 128
        ld l,0
        ld b,{{ n.outputs }}
{{ s.name }}_sum:
        ld h,{{ s.page }}
        ld a,(hl)
        sub 128
        ld e,a
        sbc a,a                         ; the sign
        ld d,a
        ld h,net_totals/256
        ld a,(hl)
        add a,e
        ld (hl),a
        inc h
        ld a,(hl)
        adc a,d
        ld (hl),a
        inc l
        djnz {{ s.name }}_sum
        ld a,(net_rest)
        or a
        jp nz,{{ s.name }}_piece
; bytes = max(totals + start, floor), with the threshold of long queries
        ld de,{{ n.start }}
        ld l,0
        ld b,{{ n.outputs }}
{{ s.name }}_raise:
        push bc
        ld a,(de)
        inc de
        ld h,net_totals/256
        add a,(hl)
        ld c,a
        inc h
        ld a,(hl)
        adc a,0
        ld b,a                          ; BC = total + start, signed
        push hl
        ld hl,{{ n.long_shift }}                    ; to the threshold of long queries
        add hl,bc
        ld c,l
        ld a,h
        pop hl
        ld h,{{ s.page }}
        rla
        jr c,{{ s.name }}_low                 ; below 0
        ld a,c
        cp {{ n.floor }}
        jr nc,{{ s.name }}_fits
{{ s.name }}_low:
        ld a,{{ n.floor }}
{{ s.name }}_fits:
        ld (hl),a
        inc l
        pop bc
        djnz {{ s.name }}_raise
        ld (hl),{{ n.long_threshold }}                      ; the end of the scan
        jp {{ s.name }}_done
{%- endmacro long %}
