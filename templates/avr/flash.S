{#- Weights in a flash chip at the SPI. A byte is taken and the next begun in two cycles, so that the bus works while the byte is
    multiplied: from one `out` to the next there must be 18 cycles, whatever comes between. Macros fill what is left.

    pause(cycles): nothing, for so many. Z must be free or hold what may stay. -#}
{% macro pause(cycles) %}
{%- if cycles > 1 %}
{%- for n in range(start=1, end=cycles, step_by=2) %}
        adiw r30, 0
{%- endfor %}
{%- endif %}
{%- if cycles % 2 == 1 %}
        nop
{%- endif %}
{%- endmacro pause %}

{#- load(s, to, work): the next byte of weights; work: cycles since the one before, of those that are certain. -#}
{% macro load(s, to, work) %}
{%- if s.data %}
{%- if work < 16 %}
{{- self::pause(cycles=16 - work) }}
{%- endif %}
        in r{{ to }}, {{ s.data }}
        out {{ s.data }}, r{{ to }}
{%- else %}
        {{ s.lpm }} r{{ to }}, Z+
{%- endif %}
{%- endmacro load %}

{#- s: registers and the chip's pins, what it must have. -#}
{% macro code(s) %}
; ---- the flash chip at the SPI: selected by a low level at {{ s.pin }} ----
; net_flash_at: r20:r19:r18: an address. Begins to read there: the first byte is there 17 cycles behind the return. Changes r21.
net_flash_at:
        sbi {{ s.select_port }}, {{ s.select_bit }}
        ldi r21, 0x03                   ; read
        cbi {{ s.select_port }}, {{ s.select_bit }}
        out {{ s.data }}, r21
        rcall net_flash_wait
        out {{ s.data }}, r20
        rcall net_flash_wait
        out {{ s.data }}, r19
        rcall net_flash_wait
        out {{ s.data }}, r18
        rcall net_flash_wait
        out {{ s.data }}, r18
        ret

; 17 cycles with the call, or more.
net_flash_wait:
{{- self::pause(cycles=10) }}
        ret

; r21 goes out, and what comes in is there. Changes r21 only.
net_flash_byte:
        out {{ s.data }}, r21
        rcall net_flash_wait
        in r21, {{ s.data }}
        ret

; Nobody reads any more.
net_flash_end:
        sbi {{ s.select_port }}, {{ s.select_bit }}
        ret

; Switches the SPI on, and looks at the chip and at what is in it. r24: 0, or not, and Z: what is wrong. Changes r18 to r27, Z.
net_flash_open:
        sbi {{ s.select_port }}, {{ s.select_bit }}
{%- for out in s.outputs %}
        sbi {{ out.register }}, {{ out.bit }}
{%- endfor %}
        ldi r21, 1                      ; half the processor's clock
        out {{ s.status }}, r21
        ldi r21, 0x50                   ; a master in mode 0
        out {{ s.control }}, r21
        cbi {{ s.select_port }}, {{ s.select_bit }}
        ldi r21, 0x9F                   ; who is there?
        rcall net_flash_byte
        rcall net_flash_byte
        mov r18, r21
        rcall net_flash_byte
        rcall net_flash_byte            ; the power of two of its bytes
        ldi r30, lo8(net_flash_none)
        ldi r31, hi8(net_flash_none)
        ldi r24, 1
        dec r18                         ; neither 0 nor 255 is a maker
        cpi r18, 254
        brsh net_flash_bad
        ldi r30, lo8(net_flash_small)
        ldi r31, hi8(net_flash_small)
        cpi r21, 0x20                   ; some makers have another number there
        brsh net_flash_large
        cpi r21, {{ s.power }}
        brlo net_flash_bad
net_flash_large:
        clr r18
        clr r19
        clr r20
        rcall net_flash_at
        ldi r30, lo8(net_flash_identity)
        ldi r31, hi8(net_flash_identity)
        ldi r25, {{ s.identity }}
net_flash_compare:
        rcall net_flash_wait
{{- self::load(s=s, to=21, work=16) }}
        lpm r24, Z+
        cp r21, r24
        brne net_flash_other
        dec r25
        brne net_flash_compare
; Sums of all bytes behind, of 16 bits: r19:r18 of the bytes, r21:r20 of the sums before. As quick as kernels read, 18 cycles each.
        clr r18
        clr r19
        movw r20, r18
        ldi r22, lo8({{ s.bytes }})
        ldi r23, hi8({{ s.bytes }})
        ldi r25, hh8({{ s.bytes }})
net_flash_add:
{{- self::load(s=s, to=24, work=9) }}
        add r18, r24
        adc r19, r1
        add r20, r18
        adc r21, r19
        subi r22, 1
        sbci r23, 0
        sbci r25, 0
        brne net_flash_add
        sbi {{ s.select_port }}, {{ s.select_bit }}
        ldi r30, lo8(net_flash_damaged)
        ldi r31, hi8(net_flash_damaged)
        ldi r24, 1
        subi r18, lo8({{ s.sum }})
        sbci r19, hi8({{ s.sum }})
        sbci r20, hh8({{ s.sum }})
        sbci r21, hhi8({{ s.sum }})
        brne net_flash_bad
        clr r24
        ret
; What is there is not what should be: r25: bytes of the identity that were not compared, with this one.
net_flash_other:
        ldi r30, lo8(net_flash_foreign)
        ldi r31, hi8(net_flash_foreign)
        cpi r25, {{ s.own }}+1
        brlo net_flash_named
        ldi r30, lo8(net_flash_empty)
        ldi r31, hi8(net_flash_empty)
net_flash_named:
        ldi r24, 1
net_flash_bad:
        sbi {{ s.select_port }}, {{ s.select_bit }}
        ret
{%- endmacro code %}
