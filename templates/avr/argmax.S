{# Index of the largest logit, the first of several. Logits are acc >> shift; comparing accumulators without their
   lowest bits compares them. #}
{% macro argmax(s) %}
argmax:
{%- for t in s.tiles %}
        ldi r26, lo8({{ t.low }})
        ldi r27, hi8({{ t.low }})
        ldi r28, lo8({{ t.high }})
        ldi r29, hi8({{ t.high }})
{%- if loop.first %}
        ld r24, X+
        andi r24, {{ s.mask }}
        ld r25, Y+
        clr r20
{%- if s.wide %}
        clr r21
{%- endif %}
        ldi r19, 1                      ; the index within the tile
{%- if t.count == 1 %}
        rjmp argmax_end_{{ loop.index0 }}
{%- endif %}
{%- else %}
        clr r19
{%- endif %}
argmax_{{ loop.index0 }}:
        ld r22, X+
        andi r22, {{ s.mask }}
        ld r23, Y+
        cp r24, r22
        cpc r25, r23
        brlt argmax_more_{{ loop.index0 }}
argmax_next_{{ loop.index0 }}:
        inc r19
        cpi r19, {{ t.count % 256 }}
        brne argmax_{{ loop.index0 }}
        rjmp argmax_end_{{ loop.index0 }}
argmax_more_{{ loop.index0 }}:
        movw r24, r22
        mov r20, r19
{%- if s.wide %}
        ldi r21, {{ loop.index0 }}
{%- endif %}
        rjmp argmax_next_{{ loop.index0 }}
argmax_end_{{ loop.index0 }}:
{%- endfor %}
{%- if s.limit %}

; A logit that is less than the margin below the best, r25:r24, makes the index {{ s.unsure }}; the best is not compared.
{%- for t in s.tiles %}
        ldi r26, lo8({{ t.low }})
        ldi r27, hi8({{ t.low }})
        ldi r28, lo8({{ t.high }})
        ldi r29, hi8({{ t.high }})
        clr r19
decide_{{ loop.index0 }}:
        ld r22, X+
        andi r22, {{ s.mask }}
        ld r23, Y+
        cp r19, r20
{%- if s.tiles | length > 1 %}
        brne decide_{{ loop.index0 }}_near
        cpi r21, {{ loop.index0 }}
{%- endif %}
        breq decide_{{ loop.index0 }}_next
decide_{{ loop.index0 }}_near:
        movw r16, r24
        sub r16, r22
        sbc r17, r23
        subi r16, lo8({{ s.limit }})
        sbci r17, hi8({{ s.limit }})
        brcc decide_{{ loop.index0 }}_next
        rjmp decide_unsure
decide_{{ loop.index0 }}_next:
        inc r19
        cpi r19, {{ t.count % 256 }}
        brne decide_{{ loop.index0 }}
{%- endfor %}
        rjmp decide_done
decide_unsure:
        ldi r20, lo8({{ s.unsure }})
{%- if s.wide %}
        ldi r21, hi8({{ s.unsure }})
{%- endif %}
decide_done:
{%- endif %}
{%- endmacro argmax %}
