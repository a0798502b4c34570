{# A table of sums for each group of inputs. Groups of one size are a loop. #}
{% macro tables(s) %}
; HL: behind the page of a table. BC: the next input's low byte. The stack holds where the table leads back to, HL, BC,
; and for each input x the difference of x and all inputs before it{% if s.signs %}, twice{% endif %}. DE: the sum of the inputs.
        ld hl,{{ s.page }}*256+256
{%- for t in s.tiles %}
        ld bc,{{ t.first }}
{%- for g in t.loops %}
{{ g.label }}:
        ld de,{{ g.label }}_next
        push de
        push hl
        push hl
        ld de,0
        ld ixl,{{ g.inputs }}
{{ g.label }}_input:
        ld a,(bc)
        ld l,a
        inc b
        ld a,(bc)
        dec b
        inc c
        ld h,a
        add a,a
        jr c,{{ g.label }}_negative
{%- for i in range(end=s.shift) %}
        srl h
        rr l
{%- endfor %}
{{ g.label }}_difference:
        or a
        sbc hl,de
{%- if s.signs %}
        ex de,hl
        add hl,hl
        add hl,de
        ex de,hl
        add hl,hl
        push hl
{%- else %}
        push hl
        add hl,de
        add hl,de
        ex de,hl
{%- endif %}
        dec ixl
        jp nz,{{ g.label }}_input
        ld (stack_top-8),bc
        ld hl,0
{%- if s.signs %}
        or a
        sbc hl,de
{%- endif %}
        jp planes_fill_{{ g.inputs }}
{{ g.label }}_negative:
        ld hl,0
        jp {{ g.label }}_difference
{{ g.label }}_next:
        inc h
{%- if g.end %}
        ld a,h
        cp {{ g.end }}
        jp nz,{{ g.label }}
{%- endif %}
{%- endfor %}
{%- endfor %}
{%- endmacro tables %}

{# A walk over the bytes of one plane: each looks a sum up. Before some of them interrupts are let in. #}
{% macro walk(looks) %}
{%- for l in looks %}
{%- if l.enable %}
        ld hl,0
        add hl,sp
        ld sp,stack_top-2
{{ l.enable }}:
        ei
        nop
        di
        ld sp,hl
{%- endif %}
{%- if l.page %}
        ld h,{{ l.page }}
{%- endif %}
{%- if l.pop %}
        pop bc
{%- endif %}
        ld l,{{ l.register }}
{%- if l.load %}
        ld e,(hl)
        inc l
        ld d,(hl)
{%- else %}
        ld a,e
        add a,(hl)
        ld e,a
        inc l
        ld a,d
        adc a,(hl)
        ld d,a
{%- endif %}
{%- if l.next %}
        inc h
{%- endif %}
{%- endfor %}
{%- endmacro walk %}

{# All rows, from the last output to the first. #}
{% macro rows(s) %}
; Rows, from the last output to the first. SP: the weights. IX: behind the output. DE: its sum.
        ld ix,{{ s.last }}
        di
        ld sp,{{ s.name }}_rows
{{ s.name }}_row:
{%- if s.signs %}
        pop de
{{- self::walk(looks=s.walks[0]) }}
{%- if s.odd %}
        dec sp
{%- endif %}
{%- else %}
{{- self::walk(looks=s.walks[0]) }}
        pop hl                          ; the start, less twice the sum
        or a
        sbc hl,de
        or a
        sbc hl,de
        ex de,hl
{{- self::walk(looks=s.walks[1]) }}
{%- endif %}
        ld a,ixh
        ld h,a
        ld a,ixl
        dec a
        ld ixl,a
        ld l,a
        ld (hl),e
        inc h
        ld (hl),d
        and {{ s.mask }}
        jp nz,{{ s.name }}_row
        ld hl,0
        add hl,sp
        ld sp,stack_top-2
{{ s.name }}_ei:
        ei
        ld a,ixl
        or a
        jp z,{{ s.name }}_tile
{{ s.name }}_resume:
        di
        ld sp,hl
        jp {{ s.name }}_row
{{ s.name }}_tile:
{%- if s.back %}
        ld a,ixh                        ; the tile before, from its output 255 on
        sub {{ s.back.stride }}
        ld ixh,a
        cp {{ s.back.end }}
        jp nz,{{ s.name }}_resume
{%- endif %}
{%- endmacro rows %}

{% macro weights(s) %}
; {{ s.name }}: rows in bit planes with their start values, the last output first
{{ s.name }}_rows:
{%- for row in s.rows %}
{%- for line in row %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro weights %}

{# Fills a table with the sums of all subsets. #}
{% macro code(s) %}
{#- Why differences: subset k+1 is subset k with input j, the lowest that k lacks, and without all inputs before j. So
each step adds one number, which depends on j alone, and nothing is subtracted. -#}

; ---- tables of sums -----------------------------------------------------------------
; From the end of the page down the sum of subset 0, 1, 2, … of up to seven inputs, whose bits are in the number of the
; subset. HL: the sum of none. On the stack as `tables` leaves it; SP writes, so interrupts are off.
{%- for n in s.sizes %}
planes_fill_{{ n }}:
        di
        ld de,(stack_top-10)
        ld bc,(stack_top-12)
        ld ix,(stack_top-14)
        ld sp,(stack_top-6)
        jp planes_sums_{{ n }}
{%- endfor %}
{%- for p in s.pushes %}
{%- if p.step is number %}
{%- if p.step == 0 %}
        add hl,de
{%- elif p.step == 1 %}
        add hl,bc
{%- elif p.step == 2 %}
        ld a,l
        add a,ixl
        ld l,a
        ld a,h
        adc a,ixh
        ld h,a
{%- else %}
        ld a,(stack_top-{{ 10 + 2 * p.step }})
        add a,l
        ld l,a
        ld a,(stack_top-{{ 9 + 2 * p.step }})
        adc a,h
        ld h,a
{%- endif %}
{%- endif %}
{%- if p.entry is number %}
planes_sums_{{ p.entry }}:
{%- endif %}
        push hl
{%- endfor %}
        ld sp,stack_top-8
planes_ei:
        ei
        pop bc
        pop hl
        ret
{%- endmacro code %}
