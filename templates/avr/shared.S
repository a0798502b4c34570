{# Sums that two outputs share, added to both, the last first. #}
{% macro folds(s) %}
; Sums that two outputs share, added to both: low addresses of a sum and the two, and whether the second gets it less.
        ldi r30, lo8({{ s.name }}_folds)
        ldi r31, hi8({{ s.name }}_folds)
        ldi r27, hi8({{ s.low }})
        ldi r29, hi8({{ s.high }})
        ldi r19, {{ s.folds }}
{{ s.name }}_fold:
        lpm r26, Z+
        mov r28, r26
        ld r24, X
        ld r25, Y
        lpm r26, Z+
{{- self::add_word() }}
        lpm r26, Z+
        lpm r18, Z+
        sbrs r18, 0
        rjmp {{ s.name }}_fold_other
        com r25
        neg r24
        sbci r25, 0xFF
{{ s.name }}_fold_other:
{{- self::add_word() }}
        dec r19
        brne {{ s.name }}_fold
{%- endmacro folds %}

{# Adds r24 and r25 to the accumulator at X. #}
{% macro add_word() %}
        mov r28, r26
        ld r0, X
        add r0, r24
        st X, r0
        ld r0, Y
        adc r0, r25
        st Y, r0
{%- endmacro add_word %}
