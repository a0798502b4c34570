{% import "arithmetic.S" as arithmetic %}
{# Root-mean-square norm of a vector of 16-bit values. `s.bits` 8: narrowed too; 16: in place or elsewhere. #}
{% macro routine(s) %}
; ---- {{ s.name }}: Y: values, X: results ({{ s.bits }} bits), r24: how many (0: 256), r25: shift more{% if s.bits == 8 %}, r23: bits dropped by narrowing{% endif %} ----
; r20, r21: a value, r17: factor or root, r2: 0. r3 to r5: the squares, r6: the results, r8: the values, r10: how many,
; r12 to r15: what rounds. Changes all but r7, r11. A value takes {{ s.cycles }} cycles at 8 to 15 shifts.
{{ s.name }}:
        movw r8, r28
        movw r6, r26
        mov r10, r24
        mov r22, r24
        clr r2
        clr r18
{{ s.name }}_largest:                   ; bits of all magnitudes: the highest of them counts
        ld r20, Y+
        ld r21, Y+
        tst r21
        brpl {{ s.name }}_or
        com r21
        neg r20
        sbci r21, 0xFF
{{ s.name }}_or:
        or r18, r21
        dec r22
        brne {{ s.name }}_largest
        ldi r16, 0                      ; s; r17 becomes 2^(8 - s), and 0 for s = 0, r11 the low byte's mask then
        clr r17
        clr r11
        tst r18
        brne {{ s.name }}_large
        com r11
        rjmp {{ s.name }}_scaled
{{ s.name }}_large:
        ldi r17, 128
        inc r16
{{ s.name }}_bit:
        lsr r18
        breq {{ s.name }}_scaled
        lsr r17
        inc r16
        rjmp {{ s.name }}_bit
{{ s.name }}_scaled:
        movw r28, r8
        mov r22, r10
        clr r3
        clr r4
        clr r5
{{ s.name }}_square:
        ld r20, Y+
        ld r21, Y+
        tst r21
        brpl {{ s.name }}_shift
        com r21
        neg r20
        sbci r21, 0xFF
{{ s.name }}_shift:                     ; (|x| >> s) = |x| * 2^(8 - s) / 256
        mov r18, r20
        and r18, r11
        mul r20, r17
        or r18, r1
        mul r21, r17
        or r18, r0
        mul r18, r18
        add r3, r0
        adc r4, r1
        adc r5, r2
        dec r22
        brne {{ s.name }}_square
        add r16, r25                    ; s + down
{{ s.name }}_even:
        mov r18, r4
        or r18, r5
        breq {{ s.name }}_root
        lsr r5
        ror r4
        ror r3
        lsr r5
        ror r4
        ror r3
        inc r16                         ; + t / 2
        rjmp {{ s.name }}_even
{{ s.name }}_root:
        mov r30, r3
        ldi r31, hi8(roots)
        lpm r17, Z
; What rounds: 2^(k-1){% if s.bits == 8 %} + 2^(k-1+narrow): both roundings at once{% endif %}.
        ldi r18, 1
        clr r19
        clr r20
        clr r21
{%- if s.bits == 8 %}
        tst r23
        breq {{ s.name }}_half
        mov r22, r23
        dec r22                         ; 2^narrow + 1
        ldi r18, 2
        rjmp {{ s.name }}_power_test
{{ s.name }}_power:
        lsl r18
        rol r19
{{ s.name }}_power_test:
        dec r22
        brpl {{ s.name }}_power
        ori r18, 1
{{ s.name }}_half:
{%- endif %}
        mov r22, r16
        dec r22
        brpl {{ s.name }}_round_test
        lsr r19
        ror r18
        clr r22
{{ s.name }}_round_test:
        tst r22
        breq {{ s.name }}_rounds
        lsl r18
        rol r19
        rol r20
        rol r21
        dec r22
        rjmp {{ s.name }}_round_test
{{ s.name }}_rounds:
        movw r12, r18
        movw r14, r20
{%- if s.bits == 8 %}
        add r16, r23
{%- endif %}
        movw r28, r8
        movw r26, r6
        mov r22, r10
        cpi r16, 8
        brlo {{ s.name }}_rare
        cpi r16, 16
        brsh {{ s.name }}_rare
; 8 to 15 shifts: the lowest byte is dropped, then a jump into seven shifts of two instructions.
        subi r16, 8
        lsl r16
        ldi r30, pm_lo8({{ s.name }}_shifted)
        ldi r31, pm_hi8({{ s.name }}_shifted)
        sub r30, r16
        sbc r31, r2
{{ s.name }}_value:
        ld r20, Y+
        ld r21, Y+
        mulsu r21, r17
        movw r18, r0
        mul r20, r17
        add r18, r1
        adc r19, r2
        add r0, r12
        adc r18, r13
        adc r19, r14
        ijmp
{%- for i in range(end=7) %}
        asr r19
        ror r18
{%- endfor %}
{{ s.name }}_shifted:
{%- if s.bits == 8 %}
{{ arithmetic::sat8(lo=18, count=2, temp=20, label=s.name ~ "_fits") }}
        st X+, r18
{%- else %}
        st X+, r18
        st X+, r19
{%- endif %}
        dec r22
        brne {{ s.name }}_value
        clr r1
        ret
; Any other number of shifts: 32 bits, one by one.
{{ s.name }}_rare:
        ld r20, Y+
        ld r21, Y+
        mulsu r21, r17
        movw r18, r0
        clr r21
        sbc r21, r21
        mul r20, r17
        add r18, r1
        adc r19, r2
        adc r21, r2
        mov r20, r19
        mov r19, r18
        mov r18, r0
        add r18, r12
        adc r19, r13
        adc r20, r14
        adc r21, r15
        mov r23, r16
        rjmp {{ s.name }}_rare_test
{{ s.name }}_rare_shift:
        asr r21
        ror r20
        ror r19
        ror r18
{{ s.name }}_rare_test:
        dec r23
        brpl {{ s.name }}_rare_shift
{%- if s.bits == 8 %}
{{ arithmetic::sat8(lo=18, count=4, temp=23, label=s.name ~ "_rare_fits") }}
        st X+, r18
{%- else %}
{{ arithmetic::sat16(lo=18, count=4, temp=23, label=s.name ~ "_rare_fits") }}
        st X+, r18
        st X+, r19
{%- endif %}
        dec r22
        brne {{ s.name }}_rare
        clr r1
        ret
{%- endmacro routine %}

{# A norm's gain: values times mantissas, shifted, saturated to 16 bits; then narrowed, or left at 16. `s.bytes`: of the product. #}
{% macro gain(s) %}
; ---- {{ s.name }}: Y: values, X: results, Z: mantissas in flash, r24: how many ----
; r16, r17: a value, r19: its mantissa, r20 on: the product, r25: values left. Changes r0, r2, r16 to r25, X, Y, Z.
{{ s.name }}:
        mov r25, r24
        clr r2
{{ s.name }}_value:
        ld r16, Y+
        ld r17, Y+
        lpm r19, Z+
{{- arithmetic::scaled(bytes=s.bytes) }}
{{ arithmetic::round_shift(lo=20, bytes=s.bytes, sh=s.sh) }}
{%- set y = 20 + s.sh.first %}
{{ arithmetic::sat16(lo=y, count=s.bytes - s.sh.drop, temp=19, label=s.name ~ "_fits") }}
{%- if s.bits == 8 %}
        mov r16, r{{ y }}
        mov r17, r{{ y + 1 }}
        mov r18, r17
        lsl r18
        sbc r18, r18
{{ arithmetic::round_shift(lo=16, bytes=3, sh=s.narrow) }}
{{ arithmetic::sat8(lo=16 + s.narrow.first, count=3 - s.narrow.drop, temp=20, label=s.name ~ "_narrow") }}
        st X+, r{{ 16 + s.narrow.first }}
        dec r25
        breq {{ s.name }}_end
        rjmp {{ s.name }}_value
{{ s.name }}_end:
{%- else %}
        st X+, r{{ y }}
        st X+, r{{ y + 1 }}
        dec r25
        brne {{ s.name }}_value
{%- endif %}
        clr r1
        ret
{%- endmacro gain %}

{# 16-bit values to 8. #}
{% macro narrow(s) %}
; ---- {{ s.name }}: Y: values, X: results, r24: how many. Changes r16 to r20, r24, X, Y ----
{{ s.name }}:
        ld r16, Y+
        ld r17, Y+
        mov r18, r17
        lsl r18
        sbc r18, r18
{{ arithmetic::round_shift(lo=16, bytes=3, sh=s.sh) }}
{{ arithmetic::sat8(lo=16 + s.sh.first, count=3 - s.sh.drop, temp=20, label=s.name ~ "_fits") }}
        st X+, r{{ 16 + s.sh.first }}
        dec r24
        brne {{ s.name }}
        ret
{%- endmacro narrow %}
