{#- What becomes of a sum: a division that is proven to give what the network's definition does, or thresholds. A record says
    for each output what is added to its sum, and what it is divided by. The sum comes in A:HL, what is above it in (net_top) where
    sums are wide; B:DE and C have the divisor and what lies below the sum, and B is above 127 where DE points to thresholds. -#}

{#- A constant as the result. -#}
{% macro constant(s, value) %}
{%- if s.words %}
        ld hl,{{ value }}
{%- else %}
        ld a,{{ value }}
{%- endif %}
        ret
{%- endmacro constant %}

{#- Sums below the least and above the most. -#}
{% macro ends(s) %}

{{ s.name }}_least:
{{- self::constant(s=s, value=s.least) }}
{{ s.name }}_most:
{{- self::constant(s=s, value=s.most) }}
{{ s.name }}:
{%- if s.mixed %}
        bit 7,b
        jp nz,{{ s.name }}_search
{%- endif %}
{%- if s.wide %}
        ld (net_carry),a
        ld a,(net_top)
        or a
        jp m,{{ s.name }}_least
{%- if not s.long %}
        jp nz,{{ s.name }}_most
{%- endif %}
        ld a,(net_carry)
{%- else %}
        or a
        jp m,{{ s.name }}_least
{%- endif %}
{%- endmacro ends %}

{#- A quotient from 0 on becomes a result. -#}
{% macro result(s) %}
{%- if s.words %}
{%- if s.span < 65535 %}
        ld de,{{ s.span + 1 }}
        or a
        sbc hl,de
        jp nc,{{ s.name }}_most
        add hl,de
{%- endif %}
        ld de,{{ s.least }}
        add hl,de
{%- else %}
{%- if s.span < 255 %}
        cp {{ s.span + 1 }}
        jp nc,{{ s.name }}_most
{%- endif %}
{%- if s.least > 0 %}
        add a,{{ s.least }}
{%- endif %}
{%- endif %}
        ret
{%- endmacro result %}

{#- 256 times the sum, and C, divided by B:DE, which has 23 bits: twice a rest has 24. -#}
{% macro divide(s) %}
; {{ s.name }}: A:HL becomes A: divided by B:DE / 256. Changes C, HL.
{{- self::ends(s=s) }}
        or a
        sbc hl,de
        sbc a,b
        jp nc,{{ s.name }}_most
        add hl,de
        adc a,b
{%- for i in range(end=8) %}
        rl c
        adc hl,hl
        adc a,a
        sbc hl,de
        sbc a,b
        jr nc,{{ s.name }}_{{ i }}_fits
        add hl,de
        adc a,b
{{ s.name }}_{{ i }}_fits:
{%- endfor %}
        rl c
{%- if s.early %}
        or a
        jp z,{{ s.name }}_low
{{ s.name }}_far:
{%- endif %}
        ld a,c
        cpl                             ; the bits of the quotient come as their complement
{{- self::result(s=s) }}
{%- if s.early %}
; The rest is H units of the sum, and less than one more: the result is one too much where it comes earlier than that. At IX
; there are two bits for each result, for how many sums.
{{ s.name }}_low:
        ld a,h
        cp 3
        jp c,{{ s.name }}_near
        jp {{ s.name }}_far
{{ s.name }}_near:
        ld a,c
        cpl
        ld c,a
{%- if s.span < 255 %}
        cp {{ s.span + 1 }}
        jp nc,{{ s.name }}_most
{%- endif %}
        rrca
        rrca
        and 3Fh
        ld e,a
        ld d,0
        add ix,de
        ld a,c
        and 3
        inc a
        ld b,a
        ld a,(ix+0)
{{ s.name }}_turn:
        rlca
        rlca
        djnz {{ s.name }}_turn
        and 3
        ld b,a
        ld a,h
        cp b
        ld a,c
        sbc a,d
{%- if s.least > 0 %}
        add a,{{ s.least }}
{%- endif %}
        ret
{%- endif %}
{%- if s.mixed %}
{{ s.name }}_search:
        call net_search{% if not s.wide %}_short{% endif %}
{%- if s.least > 0 %}
        add a,{{ s.least }}
{%- endif %}
        ret
{%- endif %}
{%- endmacro divide %}

{#- The sum divided by a power of two: s.bytes and s.bits are shifted out. -#}
{% macro power(s) %}
; {{ s.name }}: A:HL becomes {% if s.words %}HL{% else %}A{% endif %}: shifted right by {{ s.bytes * 8 + s.bits }} bits. Changes DE, HL.
{{- self::ends(s=s) }}
{%- if s.bytes == 0 %}
{%- for i in range(end=s.bits) %}
        srl a
        rr h
        rr l
{%- endfor %}
{%- if s.words %}
        or a
        jp nz,{{ s.name }}_most
{%- else %}
        or h
        jp nz,{{ s.name }}_most
        ld a,l
{%- endif %}
{%- elif s.bytes == 1 %}
{%- for i in range(end=s.bits) %}
        srl a
        rr h
{%- endfor %}
{%- if s.words %}
        ld l,h
        ld h,a
{%- else %}
        or a
        jp nz,{{ s.name }}_most
        ld a,h
{%- endif %}
{%- else %}
{%- for i in range(end=s.bits) %}
        srl a
{%- endfor %}
{%- if s.words %}
        ld l,a
        ld h,0
{%- endif %}
{%- endif %}
{{- self::result(s=s) }}
{%- endmacro power %}

{#- The sum divided by a power of two of its own: it is shifted right by C - 1 bits. -#}
{% macro powers(s) %}
; {{ s.name }}: A:HL becomes HL: shifted right by C - 1 bits. Changes A, B, DE.
{{- self::ends(s=s) }}
        ld b,c
        jr {{ s.name }}_next
{{ s.name }}_bit:
        srl a
        rr h
        rr l
{{ s.name }}_next:
        djnz {{ s.name }}_bit
        or a
        jp nz,{{ s.name }}_most
{{- self::result(s=s) }}
{%- endmacro powers %}

{#- Thresholds for all outputs. -#}
{% macro steps(s) %}

; {{ s.name }}: A:HL becomes A: how many of the thresholds at DE it reaches{% if s.least > 0 %}, and {{ s.least }}{% endif %}.
{{ s.name }}:
        call net_search{% if not s.wide %}_short{% endif %}
{%- if s.least > 0 %}
        add a,{{ s.least }}
{%- endif %}
        ret
{%- endmacro steps %}

{#- The search itself. -#}
{% macro search(s) %}

; How many thresholds A:HL reaches, with its sign or with (net_top) above it. DE: four bytes in front of the first, which rise and
; have their sign turned; B: 128 and bits of the number, C: a half of all of them. Changes all registers.
net_search_short:
        ld (net_carry),a
        add a,a
        sbc a,a
        ld (net_top),a
        ld a,(net_carry)
net_search:
        ld (net_table),de
        push de
        pop ix
        res 7,b
        ld e,c
        ld d,0
        sla e
        rl d
        sla e
        rl d
        ld c,a
        ld a,(net_top)
        xor 80h
        ld (net_top),a
net_search_next:
        push ix
        add ix,de
        ld a,l
        sub (ix+0)
        ld a,h
        sbc a,(ix+1)
        ld a,c
        sbc a,(ix+2)
        ld a,(net_top)
        sbc a,(ix+3)
        jr c,net_search_less
        inc sp
        inc sp
        push ix
net_search_less:
        pop ix
        srl d
        rr e
        djnz net_search_next
        push ix
        pop hl
        ld de,(net_table)
        or a
        sbc hl,de
        srl h
        rr l
        srl h
        rr l
        ld a,l
        ret
{%- endmacro search %}

{#- A factor of four bytes, for results of 16 bits: DE points to it and to what is added. The product is shifted by s.bytes and
    s.bits. -#}
{% macro long(s) %}
; {{ s.name }}: (net_top):A:HL becomes HL: times a factor, shifted right by {{ s.bytes * 8 + s.bits }} bits. Changes all registers.
{{- self::ends(s=s) }}
        ld (net_product),hl
        ld (net_product+2),a
        ld a,(net_top)
        ld (net_product+3),a
        push de
        pop ix
        call net_multiply
{%- if s.bits > 0 %}
        ld b,{{ s.bits }}
{{ s.name }}_bit:
        ld hl,net_product+7
        or a
{%- for i in range(end=8 - s.bytes) %}
        rr (hl)
        dec hl
{%- endfor %}
        djnz {{ s.name }}_bit
{%- endif %}
        ld hl,net_product+{{ s.bytes + 2 }}
        ld a,(hl)
{%- for i in range(start=s.bytes + 3, end=8) %}
        inc hl
        or (hl)
{%- endfor %}
        jp nz,{{ s.name }}_most
        ld hl,(net_product+{{ s.bytes }})
{{- self::result(s=s) }}
{%- endmacro long %}
{% macro multiply(s) %}

; The lower four bytes of (net_product) times the four at IX, and the four behind added: eight bytes. Changes A, B, DE, HL.
net_multiply:
        ld hl,0
        ld (net_product+4),hl
        ld (net_product+6),hl
        ld b,32
net_multiply_bit:
        ld a,(net_product)
        rra
        jr nc,net_multiply_zero
        ld hl,net_product+4
{%- for i in range(end=4) %}
        ld a,(hl)
        {% if loop.first %}add{% else %}adc{% endif %} a,(ix+{{ i }})
        ld (hl),a
{%- if not loop.last %}
        inc hl
{%- endif %}
{%- endfor %}
        jr net_multiply_shift
net_multiply_zero:
        or a
net_multiply_shift:
        ld hl,net_product+7
{%- for i in range(end=8) %}
        rr (hl)
{%- if not loop.last %}
        dec hl
{%- endif %}
{%- endfor %}
        djnz net_multiply_bit
        ld hl,net_product
{%- for i in range(end=8) %}
        ld a,(hl)
{%- if loop.index0 < 4 %}
        {% if loop.first %}add{% else %}adc{% endif %} a,(ix+{{ i + 4 }})
{%- else %}
        adc a,0
{%- endif %}
        ld (hl),a
{%- if not loop.last %}
        inc hl
{%- endif %}
{%- endfor %}
        ret
{%- endmacro multiply %}
