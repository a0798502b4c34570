{#- Products of a vector with rows of weights, looked up.

    Sums are computed twice, modulo 256 and modulo 255, each in A alone; the two remainders give the sum where it is at most
    32,512 (`|s| <= 127*256`): with s = 256 h + l, s modulo 255 is h + l. So a look is `ld l,e` / `add a,(hl)`, and
    doubling is `add a,a` in the one ring and `rlca` in the other. A sum that may be larger is cut into chunks of planes,
    each small enough, that are added up in 24 bits.

    s.name, s.planes (of each: double, negate, save, high and low: the pages of both rings where H is set, looks (pop, reg,
    turn: to the next page)), s.pop and s.mantissa: where the byte behind the looks is; s.back: it had a byte too many;
    s.chunks: doublings before each; s.unsigned: for inputs that are never negative (of the first chunk -32,768 to 32,511, of
    others sums up to 65,279); s.split: interrupts are let in between the rings; s.gated: bytes of a row, where (rows_out) goes through
    ups and what stands in its place in gates says which rows are needed. -#}
{% macro rows(s) %}
; HL: the first row. (rows_left): number of rows, 0 for 256. (rows_sink): what becomes of a sum: called with the sum in
; {% if s.wide %}A:DE{% else %}DE{% endif %} and the mantissa in C; may change every register but IX. Behind the last row: IX is behind the weights.
{{ s.name }}:
        push hl
        pop ix
        ld (rows_stack),sp
{{ s.name }}_row:
{%- if s.gated %}
        ld hl,(rows_out)
        ld de,gates-ups
        add hl,de
        ld a,(hl)
        or a
        jp z,{{ s.name }}_closed
{%- endif %}
        di
        ld sp,ix
; modulo 256
{%- for p in s.planes %}
{%- if p.double %}
        add a,a
{%- else %}
        xor a
{%- endif %}
{%- if p.low %}
        ld h,{{ p.low }}
{%- endif %}
{%- for l in p.looks %}
{%- if l.pop %}
        pop de
{%- endif %}
        ld l,{{ l.reg }}
        add a,(hl)
{%- if l.turn %}
        {{ l.turn }}
{%- endif %}
{%- endfor %}
{%- if p.negate %}
        neg                             ; the plane of signs
{%- endif %}
{%- if p.save is number %}
        ld (rows_sums+{{ p.save }}),a
{%- endif %}
{%- if s.skip %}
        ld hl,{{ s.skip }}                      ; groups that have no inputs yet
        add hl,sp
        ld sp,hl
{%- endif %}
{%- endfor %}
{%- if not s.wide %}
        ld b,a
{%- endif %}
{%- if s.split %}
        ld sp,(rows_stack)
{{ s.name }}_split_ei:
        ei
        nop
        di
{%- endif %}
        ld sp,ix
; modulo 255: a carry out of A is 1, which the next addition adds. 0 is 0 or 255; a carry out of 255 cannot be.
{%- for p in s.planes %}
{%- if p.double %}
        rlca
{%- else %}
        xor a
{%- endif %}
{%- if p.high %}
        ld h,{{ p.high }}
{%- endif %}
{%- for l in p.looks %}
{%- if l.pop %}
        pop de
{%- endif %}
        ld l,{{ l.reg }}
{%- if loop.first %}
        add a,(hl)
{%- else %}
        adc a,(hl)
{%- endif %}
{%- if l.turn %}
        {{ l.turn }}
{%- endif %}
{%- endfor %}
        adc a,0
{%- if p.negate %}
        cpl
{%- endif %}
{%- if p.save is number %}
        ld (rows_sums+{{ p.save + 1 }}),a
{%- endif %}
{%- if s.skip %}
        ld hl,{{ s.skip }}                      ; groups that have no inputs yet
        add hl,sp
        ld sp,hl
{%- endif %}
{%- endfor %}
{%- if s.pop %}
        pop de
{%- endif %}
{%- if s.back %}
        dec sp
{%- endif %}
        ld ix,0
        add ix,sp
        ld sp,(rows_stack)
{{ s.name }}_ei:
        ei
{%- if s.mantissa %}
        ld c,{{ s.mantissa }}
{%- endif %}
{%- if s.wide %}
{%- for k in s.chunks %}
{%- if not loop.first %}
{%- for i in range(end=k) %}
        add hl,hl
        adc a,a
{%- endfor %}
        ex de,hl
        ld b,a
{%- endif %}
        ld hl,(rows_sums+{{ 2 * loop.index0 }})
        ld a,h
        sub l
        sbc a,0                         ; h = (s - l) modulo 255, 0 to 255
{%- if s.unsigned and not loop.first %}
        ld h,a                          ; 255 is 0
        inc a
        jr nz,{{ s.name }}_{{ loop.index0 }}
        ld h,a
{{ s.name }}_{{ loop.index0 }}:
        add hl,de
        ld a,b
        adc a,0
{%- else %}
{%- if s.unsigned %}
        cp 127
        jr c,{{ s.name }}_{{ loop.index0 }}
        inc a                           ; 127 to 255 stand for -128 to 0
{%- else %}
        jp p,{{ s.name }}_{{ loop.index0 }}
        inc a                           ; 128 to 255 stand for -127 to 0
{%- endif %}
{{ s.name }}_{{ loop.index0 }}:
        ld h,a
        add a,a
        sbc a,a
{%- if not loop.first %}
        add hl,de
        adc a,b
{%- endif %}
{%- endif %}
{%- endfor %}
        ex de,hl
{%- else %}
        sub b
        sbc a,0                         ; h = (s - l) modulo 255, 0 to 255
        jp p,{{ s.name }}_plus
        inc a                           ; 128 to 255 stand for -127 to 0
{{ s.name }}_plus:
        ld d,a
        ld e,b
{%- endif %}
{%- if s.sink %}
        jp {{ s.sink }}
{%- else %}
        ld hl,{{ s.name }}_next
        push hl
        ld hl,(rows_sink)
        jp (hl)
{%- endif %}
{{ s.name }}_next:
        ld hl,rows_left
        dec (hl)
        jp nz,{{ s.name }}_row
        ret
{%- if s.gated %}
{{ s.name }}_closed:                    ; a closed gate makes 0 of it, whatever it is
        ld hl,(rows_out)
        inc hl
        ld (rows_out),hl
        ld de,{{ s.gated }}
        add ix,de
        jp {{ s.name }}_next
{%- endif %}
{% endmacro rows %}
