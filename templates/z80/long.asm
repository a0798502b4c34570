{# Queries too long for bytes go another way; the others set their own threshold. #}
{% macro choose(s) %}
        ld a,(query_length)
        cp {{ s.short + 1 }}                           ; bytes hold the counts of {{ s.short }} trigrams
        jp nc,{{ s.name }}_long
        ld a,{{ s.threshold }}
{%- for label in s.patches %}
        ld ({{ label }}+1),a
{%- endfor %}
{%- endmacro choose %}

{# A query too long for bytes: counted in pieces, the pieces summed in 16 bits, the sums raised to where they cannot
   matter any more. #}
{% macro pieces(s) %}

; Queries of more than {{ s.short }} bytes.
{{ s.name }}_long:
        ld (net_rest),a
        ld a,{{ s.long_threshold }}
{%- for label in s.patches %}
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
        cp {{ s.piece }}
        jr c,{{ s.name }}_short_piece
        ld a,{{ s.piece }}
{{ s.name }}_short_piece:
        ld c,a
        ld a,(hl)
        sub c
        ld (hl),a
        ld a,c
        call {{ s.name }}_count
; totals += byte - 128
        ld l,0
        ld b,{{ s.outputs }}
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
        ld de,{{ s.start }}
        ld l,0
        ld b,{{ s.outputs }}
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
        ld hl,{{ s.long_shift }}                    ; to the threshold of long queries
        add hl,bc
        ld c,l
        ld a,h
        pop hl
        ld h,{{ s.page }}
        rla
        jr c,{{ s.name }}_low                 ; below 0
        ld a,c
        cp {{ s.floor }}
        jr nc,{{ s.name }}_fits
{{ s.name }}_low:
        ld a,{{ s.floor }}
{{ s.name }}_fits:
        ld (hl),a
        inc l
        pop bc
        djnz {{ s.name }}_raise
        ld (hl),{{ s.long_threshold }}                      ; the end of the scan
        jp {{ s.name }}_done
{%- endmacro pieces %}
