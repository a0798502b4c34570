{% import "arithmetic.S" as arithmetic %}
{# The cosines and sines of a position, and what they turn. #}
{% macro angles(s) %}
; ---- net_angles: cosine and sine of each pair's phase, into angles; then the phases move on to the next position ----
; X: phases, Y: angles, Z: cosines or steps. Changes r0, r16 to r20, X, Y, Z. A pair takes 57 cycles.
net_angles:
{%- if s.beam %}
        lds r20, beam_reply             ; they are the same for all replies of a round
        tst r20
        breq net_angles_first
        ret
net_angles_first:
{%- endif %}
        ldi r26, lo8(phases)
        ldi r27, hi8(phases)
        ldi r28, lo8(angles)
        ldi r29, hi8(angles)
        ldi r20, {{ s.pairs }}
        ldi r18, lo8(steps)
        ldi r19, hi8(steps)
net_angle:
        ld r16, X+
        ld r16, X+                      ; the upper of 24 bits, rounded
        ld r17, X
        lsl r16
        adc r17, r1
        ldi r31, hi8(cosines)
        mov r30, r17
        lpm r0, Z
        st Y+, r0
        subi r30, 64                    ; the sine is the cosine of a quarter turn before
        lpm r0, Z
        st Y+, r0
        sbiw r26, 2
        movw r30, r18
        ld r16, X
        lpm r0, Z+
        add r16, r0
        st X+, r16
        ld r16, X
        lpm r0, Z+
        adc r16, r0
        st X+, r16
        ld r16, X
        lpm r0, Z+
        adc r16, r0
        st X+, r16
        movw r18, r30
        dec r20
        brne net_angle
        ret
{%- endmacro angles %}

{# r{to} to r{to + 2} becomes 16 bits in r{high}, r{high - 1} times r{factor}: 10 cycles. r2 is 0. #}
{% macro product(to, high, factor) %}
        muls r{{ high }}, r{{ factor }}
        mov r{{ to + 1 }}, r0
        mov r{{ to + 2 }}, r1
        mulsu r{{ factor }}, r{{ high - 1 }}
        sbc r{{ to + 2 }}, r2
        mov r{{ to }}, r0
        add r{{ to + 1 }}, r1
        adc r{{ to + 2 }}, r2
{%- endmacro product %}

{% macro routine(s) %}
; ---- {{ s.name }}: X: values of 16 bits, Y: what they become, 8 bits, r24: heads of {{ 2 * s.pairs }} ----
; r16 to r19: a pair, r20, r21: cosine and sine, r2: 0, r3 to r8: products, r9 to r11: a result. r25: pairs left. Z: angles.
; Changes r0, r2 to r11, r16 to r27, X, Y, Z. {{ s.cycles }} cycles a pair.
{{ s.name }}:
        clr r2
{{ s.name }}_head:
        ldi r30, lo8(angles)
        ldi r31, hi8(angles)
        ldi r25, {{ s.pairs }}
{{ s.name }}_pair:
        ld r16, X+
        ld r17, X+
        ld r18, X+
        ld r19, X+
        ld r20, Z+
        ld r21, Z+
{{- self::product(to=3, high=17, factor=21) }}
{{- self::product(to=6, high=19, factor=20) }}
        add r3, r6                      ; a s + b c
        adc r4, r7
        adc r5, r8
{{- self::product(to=6, high=17, factor=20) }}
{{- self::product(to=9, high=19, factor=21) }}
        mov r16, r6
        mov r17, r7
        mov r18, r8
        sub r16, r9                     ; a c - b s
        sbc r17, r10
        sbc r18, r11
{{ arithmetic::round_shift(lo=16, bytes=3, sh=s.sh) }}
{{ arithmetic::sat8(lo=16 + s.sh.first, count=3 - s.sh.drop, temp=20, label=s.name ~ "_first") }}
        st Y+, r{{ 16 + s.sh.first }}
        mov r16, r3
        mov r17, r4
        mov r18, r5
{{ arithmetic::round_shift(lo=16, bytes=3, sh=s.sh) }}
{{ arithmetic::sat8(lo=16 + s.sh.first, count=3 - s.sh.drop, temp=20, label=s.name ~ "_second") }}
        st Y+, r{{ 16 + s.sh.first }}
        dec r25
        breq {{ s.name }}_end
        rjmp {{ s.name }}_pair
{{ s.name }}_end:
        dec r24
        breq {{ s.name }}_all
        rjmp {{ s.name }}_head
{{ s.name }}_all:
        clr r1
        ret
{%- endmacro routine %}
