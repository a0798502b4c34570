{%- import "flash.S" as flash -%}
{# The kernel of packed weights: Z is r19 bytes of a column in flash (or the SPI brings them), X a tile's low
   bytes, YH the page of its high
   bytes; adds r24 and r25. Changes r0, r16, r18, r19, X, YL and Z. #}
{% macro kernel(s) %}
; ---- {{ s.name }}: four weights a byte, the first in the lowest bits ----------------------
{{ s.name }}:
{%- if s.data %}
{{- flash::pause(cycles=8) }}{# the first byte is on its way #}
{%- endif %}
{{ s.name }}_byte:
{{- flash::load(s=s, to=18, work=16) }}{# a byte takes 40 cycles and more #}
        ldi r16, 4
{{ s.name }}_weight:
        lsr r18                         ; 00 is 0, 01 is 1, 10 is -2, 11 is -1
        brcs {{ s.name }}_odd
        lsr r18
        brcc {{ s.name }}_next
        rcall {{ s.name }}_sub
{{ s.name }}_minus:
        rcall {{ s.name }}_sub
{{ s.name }}_next:
        inc r26
        dec r16
        brne {{ s.name }}_weight
        dec r19
        brne {{ s.name }}_byte
        ret
{{ s.name }}_odd:
        lsr r18
        brcs {{ s.name }}_minus
        mov r28, r26
        ld r0, X
        add r0, r24
        st X, r0
        ld r0, Y
        adc r0, r25
        st Y, r0
        rjmp {{ s.name }}_next
{{ s.name }}_sub:
        mov r28, r26
        ld r0, X
        sub r0, r24
        st X, r0
        ld r0, Y
        sbc r0, r25
        st Y, r0
        ret
{%- endmacro kernel %}
