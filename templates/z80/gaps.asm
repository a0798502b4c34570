{%- import "lists.asm" as lists -%}
{# The subroutines that walk gaps: one that adds, then one that subtracts. #}
{% macro code(s) %}
; ---- gaps: nibbles that say how far it is to the next output ---------------------
; BC: a tile of a column, its outputs to add to and those to subtract from. HL: one before the first accumulator's
; low byte. E: the activation. A nibble of 1 to 15 goes on so far and adds; behind a nibble of 0, the escape, stands
; 1 to 13: go on by 15 more than that and add; 14: add again; 15: go on by 28; 0: the list ends.
; The low nibble of a byte comes first. On return BC is behind the tile.
gaps:
{%- for k in s %}
{{ k.name }}:
        ld a,(bc)
        and 15
        jr z,{{ k.name }}_low_escape
        add a,l
        ld l,a
{{ k.name }}_low:
{%- if k.count %}
        {{ k.count }} (hl)
{%- else %}
        ld a,(hl)
        {{ k.op }}e
        ld (hl),a
        jr c,{{ k.name }}_low_fix
{%- endif %}
{{ k.name }}_half:
        ld a,(bc)
        inc bc
        rrca
        rrca
        rrca
        rrca
        and 15
        jr z,{{ k.name }}_high_escape
        add a,l
        ld l,a
{{ k.name }}_high:
{%- if k.count %}
        {{ k.count }} (hl)
        jp {{ k.name }}
{%- else %}
        ld a,(hl)
        {{ k.op }}e
        ld (hl),a
        jr nc,{{ k.name }}
{{ k.name }}_high_fix:
        inc h
        {{ k.fix }} (hl)
        dec h
        jp {{ k.name }}
{{ k.name }}_low_fix:
        inc h
        {{ k.fix }} (hl)
        dec h
        jp {{ k.name }}_half
{%- endif %}
{{ k.name }}_low_escape:
        ld a,(bc)
        inc bc
        rrca
        rrca
        rrca
        rrca
        or a                            ; the low nibble is 0
{%- if k.then %}
        jr z,{{ k.name }}_low_end
{%- else %}
        ret z
{%- endif %}
        cp 14
        jr nc,{{ k.name }}_low_rest
        add a,15
        add a,l
        ld l,a
        jr {{ k.name }}_high
{{ k.name }}_low_rest:
        jr z,{{ k.name }}_high
        ld a,28
        add a,l
        ld l,a
        jr {{ k.name }}
{{ k.name }}_high_escape:
        ld a,(bc)
        and 15
        jr z,{{ k.name }}_high_end
        cp 14
        jr nc,{{ k.name }}_high_rest
        add a,15
        add a,l
        ld l,a
        jr {{ k.name }}_low
{{ k.name }}_high_rest:
        jr z,{{ k.name }}_low
        ld a,28
        add a,l
        ld l,a
        jr {{ k.name }}_half
{%- if k.then %}
{{ k.name }}_high_end:
        ld l,255
        jp {{ k.then }}_half
{{ k.name }}_low_end:
        ld l,255
{#- The kernel that subtracts follows. #}
{%- else %}
{{ k.name }}_high_end:
        inc bc
        ret
{%- endif %}
{%- endfor %}
{%- endmacro code %}

{# Hands the column at BC to the subroutine, tile by tile. #}
{% macro apply(s) %}
        ld hl,255+256*({{ s.page }})
{%- for t in s.tiles %}
        call {% if s.counts %}gap_inc{% else %}gap_add{% endif %}
{%- if not loop.last %}
{%- for i in range(end=s.stride) %}
        inc h
{%- endfor %}
        ld l,255
{%- endif %}
{%- endfor %}
{%- endmacro apply %}

{% macro weights(s) %}
; {{ s.name }}: columns as gaps, two nibbles a byte, the low one first
{%- for g in s.segments %}
{%- for c in g.columns %}
{{ c.label }}:
{%- for line in c.bytes %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- if g.quick %}
; {{ g.name }}: the columns used most, as lists; those before this page are gaps
        ds (256-($ and 255)) and 255
{{ g.name }}_quick:
{{- lists::columns(columns=g.quick) }}
{%- endif %}
{%- endfor %}
{%- endmacro weights %}
