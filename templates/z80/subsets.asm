{#- Tables of the sums of all subsets of a group of bytes, and products of windows with weights that look them up.

    A table is written down from its end, the empty subset first, a word an entry: with HL the sum of the bytes from the third
    on, four entries are HL, HL + b0, HL + b1, HL + b0 + b1, and what leads to the next four is one of a few differences. -#}

{#- s.size: bytes of a group, s.turns: which difference leads to each next four entries. -#}
{% macro fill(s) %}
; Fills the table that ends at (net_table) with the sums of {{ s.size }} byte{% if s.size > 1 %}s{% endif %} at IX. IX and (net_table) move on. Changes A, BC, DE, HL.
net_fill_{{ s.size }}:
        ld b,0
        ld c,(ix+0)
{%- if s.size > 1 %}
        ld e,(ix+1)
        ld d,b
        ld h,d
        ld l,e
        add hl,bc
        ex de,hl                        ; DE: the sum of the bytes so far
        or a
        sbc hl,bc
        ld (net_step),hl
{%- for i in range(start=2, end=s.size) %}
        ld a,(ix+{{ i }})
        ld l,a
        ld h,b
        or a
        sbc hl,de
        ld (net_turns+{{ 2 * i - 4 }}),hl
{%- if not loop.last %}
        ld l,a
        ld h,b
        add hl,de
        ex de,hl
{%- endif %}
{%- endfor %}
        ld de,(net_step)
{%- endif %}
        ld h,b
        ld l,b
        ld (net_fill_stack),sp
        di
        ld sp,(net_table)
        push hl
        add hl,bc
        push hl
{%- if s.size > 1 %}
        add hl,de
        push hl
        add hl,bc
        push hl
{%- for turn in s.turns %}
        ld de,(net_turns+{{ 2 * turn }})
        add hl,de
        ld de,(net_step)
        push hl
        add hl,bc
        push hl
        add hl,de
        push hl
        add hl,bc
        push hl
{%- endfor %}
{%- endif %}
        ld sp,(net_fill_stack)
net_fill_{{ s.size }}_ei:
        ei
        ld de,{{ s.size }}
        add ix,de
        ld hl,(net_table)
        ld de,(net_stride)
        add hl,de
        ld (net_table),hl
        ret
{%- endmacro fill %}

{#- Tables of so many groups, one after the other. -#}
{% macro groups(label, size, count) %}
{%- if count > 1 %}
        ld a,{{ count }}
        ld (net_groups),a
{{ label }}:
{%- endif %}
        call net_fill_{{ size }}
{%- if count > 1 %}
        ld hl,net_groups
        dec (hl)
        jp nz,{{ label }}
{%- endif %}
{%- endmacro groups %}

{#- All tables of a part of the window. -#}
{% macro tables(s, part) %}
{%- if s.gathers %}
        ld ix,net_window{% if part.offset > 0 %}+{{ part.offset }}{% endif %}
{%- elif part.offset > 0 %}
        ld hl,(net_at)
        ld de,{{ part.offset }}
        add hl,de
        push hl
        pop ix
{%- else %}
        ld ix,(net_at)
{%- endif %}
{{- self::filled(s=s, part=part) }}
{%- endmacro tables %}

{#- The same with the part at IX, which moves behind it. -#}
{% macro filled(s, part) %}
        ld hl,net_tables+{{ s.stride }}
        ld (net_table),hl
        ld hl,{{ s.stride }}
        ld (net_stride),hl
{{- self::groups(label=s.name ~ "_large" ~ part.number, size=s.size, count=s.large) }}
{%- if s.small > 0 %}
{{- self::groups(label=s.name ~ "_small" ~ part.number, size=s.size - 1, count=s.small) }}
{%- endif %}
{%- endmacro filled %}

{#- Some looks: each adds an entry to A:IX, with wide sums to E':A:IX. -#}
{% macro some(s, looks) %}
{%- for l in looks %}
{%- if l.pop %}
        pop de
{%- endif %}
        ld l,{{ l.reg }}
        ld c,(hl)
        inc l
        ld b,(hl)
        add ix,bc
        adc a,0
{%- if s.wide %}
        jr nc,{{ l.label }}_kept
        exx
        inc e
        exx
{{ l.label }}_kept:
{%- endif %}
{%- if l.turn %}
        inc h
{%- endif %}
{%- endfor %}
{%- endmacro some %}

{#- The looks of a plane. -#}
{% macro plane(s, p) %}
        ld h,net_tables/256
{%- if p.pages > 0 %}
{{ p.label }}_page:
{{- self::some(s=s, looks=p.of_page) }}
        ld d,a
        ld a,h
        cp net_tables/256+{{ p.pages }}
        ld a,d
        jp nz,{{ p.label }}_page
{%- endif %}
{{- self::some(s=s, looks=p.rest) }}
{%- endmacro plane %}

{#- The sum of an output, behind the last plane. -#}
{% macro dot(s, part) %}
        di
        ld sp,(net_stream)
        ld hl,net_planes
        ld (hl),{{ s.planes - 1 }}
        xor a
        ld ix,0
{%- if s.wide %}
        exx
        ld e,a
        exx
{%- endif %}
{{- self::plane(s=s, p=part.sign) }}
        ld c,a                          ; the plane of signs counts less
        ld (net_sum),ix
        ld hl,0
        ld de,(net_sum)
        or a
        sbc hl,de
        ld (net_sum),hl
        ld ix,(net_sum)
        ld a,0
        sbc a,c
{%- if s.wide %}
        ld c,a
        sbc a,a
        exx
        ld e,a
        exx
        ld a,c
{%- endif %}
{{ part.label }}_plane:
        add ix,ix
        adc a,a
{%- if s.wide %}
        exx
        rl e
        exx
{%- endif %}
{{- self::plane(s=s, p=part.others) }}
        ld hl,net_planes
        dec (hl)
        jp nz,{{ part.label }}_plane
{%- if not part.is_first %}
        ld hl,(net_kept)                ; what the parts before gave
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        add ix,bc
        adc a,(hl)
        inc hl
        ld c,a
        ld a,(hl)
        exx
        adc a,e
        ld e,a
        exx
        ld a,c
{%- if part.is_last %}
        inc hl
        ld (net_kept),hl
{%- endif %}
{%- endif %}
{%- if not part.is_last %}
        ld (net_sum),ix
        ld (net_sum+2),a
        exx
        ld a,e
        exx
        ld (net_sum+3),a
        ld hl,net_sum
        ld de,(net_kept)
        ldi
        ldi
        ldi
        ldi
        ld (net_kept),de
        ld (net_stream),sp
        ld sp,(net_stack)
{{ part.label }}_ei:
        ei
{%- endif %}
{%- endmacro dot %}
