{% import "arithmetic.S" as arithmetic %}
{% import "flash.S" as flash %}
{# A row of a matrix that `multiply` reads, as values of 16 bits. #}
{% macro routine(s) %}
; ---- {{ s.name }}: row r25:r24, rescaled, {% if s.adds %}added to{% else %}to{% endif %} {{ s.dest }} ----
; r16: a weight, r17: the mantissa, r18 to r21: a value. r22: a block's weights, r23: blocks left. r14:r15: to the next block.
; X: the values, {% if s.data %}r4 to r6: a block's address in the flash chip{% else %}Z: weights{% endif %}. Changes r0, {% if s.data %}r4 to r6, {% endif %}r12 to r25, X, Z. About 45 cycles a value.
{{ s.name }}:
        movw r30, r24
        subi r30, lo8(-({{ s.mantissas }}))
        sbci r31, hi8(-({{ s.mantissas }}))
        lpm r17, Z
; The row's place: (row - r) * bytes of a row + r * bytes of a block, r being its place in the tile.
        mov r22, r24
        andi r22, {{ s.tile - 1 }}
        sub r24, r22
        ldi r18, lo8({{ s.weights }})
        ldi r19, hi8({{ s.weights }})
        ldi r20, hh8({{ s.weights }})
        clr r2
{%- if s.row_bytes == 256 %}
        add r19, r24
        adc r20, r25
{%- else %}
        ldi r16, {{ s.row_bytes }}
        mul r24, r16
        add r18, r0
        adc r19, r1
        adc r20, r2
        mul r25, r16
        add r19, r0
        adc r20, r1
{%- endif %}
        ldi r16, {{ s.block_bytes }}
        mul r22, r16
        add r18, r0
        adc r19, r1
        adc r20, r2
{%- if s.data %}
        movw r4, r18
        mov r6, r20
; From a block to the next: the tile's rows.
{%- else %}
        movw r30, r18
{%- if s.wide %}
        out 0x3B, r20                   ; RAMPZ
{%- endif %}
; From a block to the next: the tile's rows but one.
{%- endif %}
        ldi r18, lo8({{ (s.tile - s.behind) * s.block_bytes }})
        ldi r19, hi8({{ (s.tile - s.behind) * s.block_bytes }})
        cpi r24, lo8({{ s.last_tile }})
        ldi r16, hi8({{ s.last_tile }})
        cpc r25, r16
        brlo {{ s.name }}_inner
        ldi r18, lo8({{ (s.last_rows - s.behind) * s.block_bytes }})
        ldi r19, hi8({{ (s.last_rows - s.behind) * s.block_bytes }})
{{ s.name }}_inner:
        movw r14, r18
        ldi r26, lo8({{ s.dest }})
        ldi r27, hi8({{ s.dest }})
        ldi r23, {{ s.cols }}
{%- if s.form == "fives" %}
        clr r12                         ; not 0 behind the first half of a block
{%- endif %}
{{ s.name }}_block:
{%- if s.data %}
        movw r18, r4
        mov r20, r6
        call net_flash_at
{{- flash::pause(cycles=12) }}
{%- if s.form == "fives" %}
{{ s.name }}_half:
{%- endif %}
{%- endif %}
{%- if s.form == "fives" %}
{{- flash::load(s=s, to=13, work=16) }}                   ; the fifth bits of eight
{%- if s.data %}
{{- flash::pause(cycles=15) }}
{%- endif %}
{%- endif %}
        ldi r22, {{ s.loads }}
{{ s.name }}_byte:
{{- flash::load(s=s, to=25, work=16) }}
{%- if s.form == "bytes" or s.form == "bytes8" %}
        mov r16, r25
        rcall {{ s.name }}_value
{%- else %}
        mov r16, r25
        andi r16, 15
        rcall {{ s.name }}_value
        mov r16, r25
        swap r16
        andi r16, 15
        rcall {{ s.name }}_value
{%- endif %}
        dec r22
        brne {{ s.name }}_byte
{%- if s.form == "fives" %}
        com r12
        brne {{ s.name }}_{% if s.data %}half{% else %}block{% endif %}
{%- endif %}
{%- if s.data %}
        add r4, r14
        adc r5, r15
        adc r6, r2
{%- elif s.wide %}
        in r16, 0x3B
        add r30, r14
        adc r31, r15
        adc r16, r2
        out 0x3B, r16
{%- else %}
        add r30, r14
        adc r31, r15
{%- endif %}
        rjmp {{ s.name }}_block
{{ s.name }}_value:
{%- if s.form == "fives" %}
        lsr r13
        brcc {{ s.name }}_four
        ori r16, 16
{{ s.name }}_four:
{%- endif %}
        subi r16, {{ s.offset }}
        mulsu r16, r17
        movw r18, r0
        mov r20, r1
        lsl r20
        sbc r20, r20
{{ arithmetic::round_shift(lo=18, bytes=3, sh=s.sh) }}
{{ arithmetic::sat16(lo=18 + s.sh.first, count=3 - s.sh.drop, temp=24, label=s.name ~ "_fits") }}
{%- if s.adds %}
        ld r0, X+
        ld r24, X
        sbiw r26, 1
        add r{{ 18 + s.sh.first }}, r0
        adc r{{ 19 + s.sh.first }}, r24
{{ arithmetic::sat_sum(lo=18 + s.sh.first, label=s.name ~ "_sum") }}
{%- endif %}
        st X+, r{{ 18 + s.sh.first }}
        st X+, r{{ 19 + s.sh.first }}
        dec r23
        breq {{ s.name }}_end
        ret
{{ s.name }}_end:
        pop r0                          ; the return into the block
        pop r0
{%- if s.three %}
        pop r0
{%- endif %}
        clr r1
        ret
{%- endmacro routine %}
