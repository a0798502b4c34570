{% import "nomul.S" as nomul %}
{# What becomes of a sum: a factor and a shift that are proven to give what the network's definition does, or thresholds.
   s.wide: sums have four bytes; s.source: where the factor comes from: "code" (it is a constant), "flash" (Z points to it),
   "registers" (r16, r17, r21, and r26, r27 for what is added); s.bytes: of the factor; s.grain: 8 or 16; s.over: registers above
   the result; s.left: bits that the product is shifted to the left by; s.short: only two bytes of a sum count;
   s.lpm: what reads where Z points to, "elpm" with RAMPZ. #}

{# Z goes past a record. `adiw` knows nothing of RAMPZ. Changes r18. #}
{% macro past(s, by, label) %}
        adiw r30, {{ by }}
{%- if s.lpm == "elpm" %}
        brcc {{ label }}
        in r18, 0x3B                    ; RAMPZ
        inc r18
        out 0x3B, r18
{{ label }}:
{%- endif %}
{%- endmacro past %}

{# Where a byte of the factor or of what is added comes from. #}
{% macro get(s, reg, value) %}
{%- if s.source == "flash" %}
        {{ s.lpm }} r{{ reg }}, Z+
{%- elif s.source == "code" %}
        ldi r{{ reg }}, {{ value }}
{%- endif %}
{%- endmacro get %}

{# The result in r19:r18, from 0 up to the span, with the lowest added; what is above the span goes to NAME_most. #}
{% macro within(s) %}
{%- if s.span < 65535 %}
        cpi r18, lo8({{ s.span }}+1)
        ldi r20, hi8({{ s.span }}+1)
        cpc r19, r20
        brsh {{ s.name }}_most
{%- endif %}
        subi r18, lo8(-({{ s.low }}))
        sbci r19, hi8(-({{ s.low }}))
{%- endmacro within %}

{% macro factor(s) %}

; {{ s.name }}: the sum in r20:r19:r18{% if s.wide %} and r21{% endif %} becomes {% if s.words %}r19:r18{% else %}r18{% endif %}, {{ s.cycles }} cycles at most. r14: 0.
; Changes r0, r1, {% if not s.multiplies %}r11, {% endif %}r15 to r21, r26, r27{% if s.source == "flash" %}; Z moves on by {{ s.record }}{% endif %}.
{{ s.name }}_least:
{%- if s.record > 0 %}
{{- self::past(s=s, by=s.record, label=s.name ~ "_past_least") }}
{%- endif %}
        ldi r18, lo8({{ s.low }})
{%- if s.words %}
        ldi r19, hi8({{ s.low }})
{%- endif %}
        ret
{%- if s.wide or s.short %}
{{ s.name }}_most_far:
{%- if s.record > 0 %}
{{- self::past(s=s, by=s.record, label=s.name ~ "_past_most") }}
{%- endif %}
        ldi r18, lo8({{ s.low + s.span }})
{%- if s.words %}
        ldi r19, hi8({{ s.low + s.span }})
{%- endif %}
        ret
{%- endif %}
{{ s.name }}:
{%- if s.wide %}
        tst r21
{%- else %}
        tst r20
{%- endif %}
        brmi {{ s.name }}_least
{%- if s.wide %}
        brne {{ s.name }}_most_far
{%- endif %}
{%- if s.short %}
        tst r20
        brne {{ s.name }}_most_far
{%- endif %}
{%- if s.mixed %}
        {{ s.lpm }} r16, Z+
        {{ s.lpm }} r17, Z+
        {{ s.lpm }} r21, Z+
        {{ s.lpm }} r26, Z+
        {{ s.lpm }} r27, Z+
        tst r21
        brne {{ s.name }}_factor
        rjmp {{ s.thresholds }}         ; no factor, but the place of thresholds
{{ s.name }}_factor:
{%- else %}
{{- self::get(s=s, reg=16, value=s.m0) }}
{{- self::get(s=s, reg=17, value=s.m1) }}
{%- if s.bytes == 3 %}
{{- self::get(s=s, reg=21, value=s.m2) }}
{%- endif %}
{%- if s.grain == 8 %}
{{- self::get(s=s, reg=26, value=s.c1) }}
{%- endif %}
{%- if s.bytes == 3 %}
{{- self::get(s=s, reg=27, value=s.c2) }}
{%- endif %}
{%- if s.source != "registers" %}
{%- if s.grain == 16 %}
        clr r26
{%- endif %}
{%- if s.bytes == 2 %}
        clr r27
{%- endif %}
{%- endif %}
{%- endif %}
{%- if s.bytes == 3 %}
        clr r15
{%- endif %}
{{- nomul::mul(s=s, a=18, b=17) }}
        add r26, r0
        adc r27, r1
{%- if s.bytes == 3 %}
        adc r15, r14
{%- endif %}
{{- nomul::mul(s=s, a=18, b=16) }}
        add r26, r1
        adc r27, r14
{%- if s.bytes == 3 %}
        adc r15, r14
{{- nomul::mul(s=s, a=18, b=21) }}
        add r27, r0
        adc r15, r1
        clr r18
{%- else %}
        clr r15
{%- endif %}
{{- nomul::mul(s=s, a=19, b=16) }}
        add r26, r0
        adc r27, r1
        adc r15, r14
{%- if s.bytes == 3 %}
        adc r18, r14
{%- endif %}
{{- nomul::mul(s=s, a=19, b=17) }}
        add r27, r0
        adc r15, r1
{%- if s.bytes == 3 %}
        adc r18, r14
{{- nomul::mul(s=s, a=19, b=21) }}
        add r15, r0
        adc r18, r1
        clr r19
{%- elif not s.short %}
        clr r18
{%- endif %}
{%- if not s.short %}
{{- nomul::mul(s=s, a=20, b=16) }}
        add r27, r0
        adc r15, r1
        adc r18, r14
{%- if s.bytes == 3 %}
        adc r19, r14
{%- endif %}
{{- nomul::mul(s=s, a=20, b=17) }}
        add r15, r0
        adc r18, r1
{%- if s.bytes == 3 %}
        adc r19, r14
{{- nomul::mul(s=s, a=20, b=21) }}
        add r18, r0
        adc r19, r1
{%- endif %}
{%- endif %}
{%- if s.left > 0 %}
{%- if s.lost %}
        cpi r19, {{ s.lost }}
        brsh {{ s.name }}_most
{%- endif %}
{%- for bit in range(end=s.left) %}
        lsl r15
        rol r18
        rol r19
{%- endfor %}
{%- endif %}
{%- for over in s.over %}
        tst r{{ over }}
        brne {{ s.name }}_most
{%- endfor %}
{%- for move in s.moves %}
        {{ move }}
{%- endfor %}
{%- if s.words %}
{{- self::within(s=s) }}
{%- else %}
{%- if s.span < 255 %}
        cpi r18, {{ s.span }}+1
        brsh {{ s.name }}_most
{%- endif %}
{%- if s.low != 0 %}
        subi r18, lo8(-({{ s.low }}))
{%- endif %}
{%- endif %}
        ret
{{ s.name }}_most:
        ldi r18, lo8({{ s.low + s.span }})
{%- if s.words %}
        ldi r19, hi8({{ s.low + s.span }})
{%- endif %}
        ret
{%- endmacro factor %}

{# A search among thresholds, which rise. s.steps: entries that each comparison of it skips; s.entry: bytes of an entry. #}
{% macro thresholds(s) %}

; {{ s.name }}: the sum in r20:r19:r18{% if s.wide %} and r21{% endif %} becomes r18: how many of the thresholds {% if s.source == "registers" %}at r17:r16{% elif s.source == "flash" %}that Z points to{% else %}of {{ s.table }}{% endif %} it
; reaches, and {{ s.low }}. {{ s.cycles }} cycles. Changes r0, r16, r17, r26, r27{% if s.source == "flash" %}; Z moves on by {{ s.record }}{% endif %}.
{{ s.name }}:
{%- if s.source == "flash" %}
        {{ s.lpm }} r16, Z+
        {{ s.lpm }} r17, Z+
{%- if s.record > 2 %}
        adiw r30, {{ s.record - 2 }}
{%- endif %}
{%- endif %}
        push r30
        push r31
{%- if s.source == "code" %}
        ldi r30, lo8({{ s.table }})
        ldi r31, hi8({{ s.table }})
{%- else %}
        movw r30, r16
{%- endif %}
        ldi r26, {{ s.low }}
{%- for step in s.steps %}
        subi r30, lo8(-({{ step * s.entry - s.entry }}))
        sbci r31, hi8(-({{ step * s.entry - s.entry }}))
        lpm r16, Z+
        lpm r17, Z+
        lpm r27, Z+
{%- if s.wide %}
        lpm r0, Z+
{%- endif %}
        cp r18, r16
        cpc r19, r17
        cpc r20, r27
{%- if s.wide %}
        cpc r21, r0
{%- endif %}
        brlt {{ s.name }}_below_{{ step }}
        subi r26, -{{ step }}
        rjmp {{ s.name }}_next_{{ step }}
{{ s.name }}_below_{{ step }}:
        subi r30, lo8({{ step * s.entry }})
        sbci r31, hi8({{ step * s.entry }})
{{ s.name }}_next_{{ step }}:
{%- endfor %}
        mov r18, r26
        pop r31
        pop r30
        ret
{%- endmacro thresholds %}

{# Thresholds in flash. #}
{% macro table(s) %}
{{ s.label }}:
{%- for line in s.lines %}
        {{ line }}
{%- endfor %}
{%- endmacro table %}

{# A factor of four bytes, for results of 16 bits. s.bits: what the product is shifted by beside whole bytes; s.result: its register;
   s.over: those above it. #}
{% macro long(s) %}

; {{ s.name }}: the sum in r21 down to r18 becomes r19:r18, {{ s.cycles }} cycles at most. Z: its factor and what is added, 8 bytes.
; r14: 0. Changes r0, r1, {% if s.multiplies %}r6 to r13{% else %}r2 to r9, r11{% endif %}, r16 to r21, r26, r27; Z moves on by 8.
{{ s.name }}_least:
{{- self::past(s=s, by=8, label=s.name ~ "_past_least") }}
        ldi r18, lo8({{ s.low }})
        ldi r19, hi8({{ s.low }})
        ret
{{ s.name }}:
        tst r21
        brmi {{ s.name }}_least
        {{ s.lpm }} r16, Z+
        {{ s.lpm }} r17, Z+
        {{ s.lpm }} r26, Z+
        {{ s.lpm }} r27, Z+
{%- for reg in range(start=s.first, end=s.first + 4) %}
        {{ s.lpm }} r{{ reg }}, Z+
{%- endfor %}
{%- for reg in range(start=s.first + 4, end=s.first + 8) %}
        clr r{{ reg }}
{%- endfor %}
{%- for p in s.products %}
{{- nomul::mul(s=s, a=p.a, b=p.b) }}
        add r{{ p.to }}, r0
        adc r{{ p.to + 1 }}, r1
{%- for reg in range(start=p.to + 2, end=s.first + 8) %}
        adc r{{ reg }}, r14
{%- endfor %}
{%- endfor %}
{%- for bit in range(end=s.bits) %}
        lsr r{{ s.first + 7 }}
{%- for reg in range(start=s.result, end=s.first + 7) %}
        ror r{{ s.first + 6 - reg + s.result }}
{%- endfor %}
{%- endfor %}
{%- for reg in s.over %}
        tst r{{ reg }}
        brne {{ s.name }}_most
{%- endfor %}
        mov r18, r{{ s.result }}
        mov r19, r{{ s.result + 1 }}
{{- self::within(s=s) }}
        ret
{{ s.name }}_most:
        ldi r18, lo8({{ s.low + s.span }})
        ldi r19, hi8({{ s.low + s.span }})
        ret
{%- endmacro long %}
