{# Sums that two outputs share, added to both, the last first. #}
{% macro folds(s) %}
; Sums that two outputs share, added to both.
        ld h,{{ s.page }}
{%- for f in s.folds %}
        ld l,{{ f.from }}
        ld e,(hl)
        inc h
        ld d,(hl)
        dec h
        ld l,{{ f.plus }}
        ld a,(hl)
        add a,e
        ld (hl),a
        inc h
        ld a,(hl)
        adc a,d
        ld (hl),a
        dec h
        ld l,{{ f.other }}
        ld a,(hl)
        {{ f.low }}e
        ld (hl),a
        inc h
        ld a,(hl)
        {{ f.high }}d
        ld (hl),a
        dec h
{%- endfor %}
{%- endmacro folds %}
