{#- Tables of sums: of the subsets of up to eight inputs (planes), or of the combinations with -1, 0 and 1 of four (ternary).
    Entries follow each other in reflected Gray code, so each is the one before plus or minus one input; the compiler
    permutes the weights accordingly. Entries are pushed in pairs, downwards.

    tables(s): s.name, s.runs (size, count, ternary), s.top: page behind the tables modulo 256; s.pages: how many of one
    ring. Those modulo 255 lie below those modulo 256. -#}
{% macro tables(s) %}
; HL: the vector.
{{ s.name }}:
        ld (fill_from),hl
        ld hl,{{ s.top }}
        ld (fill_to),hl
        ld hl,{{ s.top }}-{{ s.pages }}*256
        ld (fill_low),hl
{%- for r in s.runs %}
        ld a,{{ r.count }}
{%- if loop.last %}
        jp {{ r.fill }}
{%- else %}
        call {{ r.fill }}
{%- endif %}
{%- endfor %}
{% endmacro tables %}

{#- s.size: inputs; s.name; s.entry: label suffix. -#}
{% macro load(s) %}
; A: number of tables of {{ s.size }} inputs. B, D, E, IXL, IXH and two bytes in memory: the inputs.
{{ s.name }}:
        ld (fill_count),a
        ld hl,{{ s.name }}_second
        ld (fill_back),hl
        ld hl,{{ s.name }}_third
        ld (fill_back_high),hl
        ld (fill_stack),sp
{{ s.name }}_table:
        ld hl,(fill_from)
{%- if s.size > 0 %}
        ld b,(hl)
        inc hl
{%- endif %}
{%- if s.size > 1 %}
        ld d,(hl)
        inc hl
{%- endif %}
{%- if s.size > 2 %}
        ld e,(hl)
        inc hl
{%- endif %}
{%- if s.size > 3 %}
        ld a,(hl)
        ld ixl,a
        inc hl
{%- endif %}
{%- if s.size > 4 %}
        ld a,(hl)
        ld ixh,a
        inc hl
{%- endif %}
{%- if s.size > 5 %}
        ld a,(hl)
        ld (fill_input5),a
        inc hl
{%- endif %}
{%- if s.size > 6 %}
        ld a,(hl)
        ld (fill_input6),a
        inc hl
{%- endif %}
{%- if s.size > 7 %}
        ld a,(hl)
        ld (fill_input7),a
        inc hl
{%- endif %}
        ld (fill_from),hl
{%- if s.ternary %}
        xor a                           ; the first entry is less the sum of all
        sub b
        sub d
        sub e
{%- if s.size > 3 %}
        sub ixl
{%- endif %}
{%- else %}
        ld a,{{ s.last }}
{%- endif %}
        di
        ld sp,(fill_to)
        jp {{ s.low }}
; the same modulo 255: x, and x + 255 where it is negative
{{ s.name }}_second:
{%- for r in s.regs %}
        ld a,{{ r }}
        add a,a
        sbc a,a
        add a,{{ r }}
        ld {{ r }},a
{%- endfor %}
{%- for m in s.mems %}
        ld hl,{{ m }}
        ld a,(hl)
        add a,a
        sbc a,a
        add a,(hl)
        ld (hl),a
{%- endfor %}
        ld c,0
{%- if s.ternary %}
        ld a,b
        add a,d
        adc a,c
        add a,e
        adc a,c
{%- if s.size > 3 %}
        add a,ixl
        adc a,c
{%- endif %}
        cpl
{%- else %}
        ld a,{{ s.last }}
{%- endif %}
{%- if s.size > 6 %}
        ld sp,(fill_stack)              ; interrupts are let in between the rings
{{ s.name }}_ei:
        ei
        nop
        di
{%- endif %}
        ld sp,(fill_low)
        jp {{ s.high }}
{{ s.name }}_third:
{%- if s.ternary %}
        ld hl,fill_to                   ; three tables of 82 bytes are in a page, or nine of 28
        ld a,(hl)
        cp 11
        jr nc,{{ s.name }}_in
        xor a
        ld (hl),a
        ld (fill_low),a
{{ s.name }}_in:
{%- endif %}
        ld hl,fill_count
        dec (hl)
        jp nz,{{ s.name }}_table
        ret
{% endmacro load %}

{#- s.name, s.pairs (of each: label, or none; steps before the first and before the second entry: input and sign), s.low:
    modulo 256. -#}
{% macro sequence(s) %}
{%- for p in s.pairs %}
{%- if p.flip %}
{{- self::step(s=p.flip, low=s.low) }}
{%- endif %}
{%- if p.label %}
{{ p.label }}:
{%- endif %}
        ld h,a
{%- if p.second %}
{{- self::step(s=p.second, low=s.low) }}
{%- endif %}
        ld l,a
        push hl
{%- endfor %}
{%- if s.low %}
        ld (fill_to),sp
        ld hl,(fill_back)
        jp (hl)
{%- else %}
        ld (fill_low),sp
        ld sp,(fill_stack)
{{ s.name }}_ei:
        ei
        ld hl,(fill_back_high)
        jp (hl)
{%- endif %}
{% endmacro sequence %}

{% macro step(s, low) %}
{%- if s.memory %}
        ld hl,{{ s.reg }}
{%- if s.op == "sub" %}
        sub (hl)
{%- else %}
        add a,(hl)
{%- endif %}
{%- else %}
{%- if s.op == "sub" %}
        sub {{ s.reg }}
{%- else %}
        add a,{{ s.reg }}
{%- endif %}
{%- endif %}
{%- if not low %}
{%- if s.op == "sub" %}
        sbc a,c
{%- else %}
        adc a,c
{%- endif %}
{%- endif %}
{%- endmacro step %}
