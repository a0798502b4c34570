{%- import "table.asm" as table -%}
{# One input tile: applies a column for each accumulator of the source that is positive after its shift. #}
{% macro words(s) %}
{%- for g in s.segments %}
        ld hl,{{ g.last_high }}
        bit 7,(hl)                      ; the last accumulator stops the scan: negative counts as 0
        jr z,{{ g.name }}_go
        ld (hl),0
        dec h
        ld (hl),0
{{ g.name }}_go:
        ld hl,{{ g.before }}
        jp {{ g.name }}_scan
{%- if s.switches and g.first %}
{{ table::switch(s=s) }}
{%- endif %}
{{- self::next(s=s, g=g) }}
{%- if s.called %}
        ld a,d
        cp {{ g.last }}
        jp z,{{ g.name }}_done
{%- if s.big %}
{{ g.name }}_again:
{%- endif %}
{%- endif %}
        ld l,d
        ld h,{{ g.page }}+1
{{ g.name }}_scan:
        inc l
        ld a,(hl)
        add a,a
        jr c,{{ g.name }}_scan
        rrca
        ld d,a
        dec h
        ld a,(hl)
{%- for i in range(end=s.shift) %}
        srl d
        rra
{%- endfor %}
{%- if s.big %}
        inc d
        dec d
        jr nz,{{ g.name }}_big
{%- endif %}
        or a
        jr z,{{ g.name }}_zero
        ld e,a
        ld d,l
{{- self::visit(s=s, g=g, apply=s.apply, page=s.page, list="list", back="next") }}
{{ g.name }}_zero:
        ld a,l
        cp {{ g.last }}
        jp z,{{ g.name }}_done
        inc h
        jp {{ g.name }}_scan
{%- if s.big %}
; An activation above 255: its high byte goes to the pages above, then the low byte is met again.
{{ g.name }}_big:
        ld e,d
        inc h
        ld a,(hl)
        and {{ s.low_mask }}
        ld (hl),a
        ld d,l
        dec d                           ; 255 for the first: the scan goes on whatever it is
{{- self::visit(s=s, g=g, apply=s.apply_high, page=s.high_page, list="high_list", back="again") }}
{%- endif %}
{%- if not s.called %}
{{ g.name }}_last:
{%- if s.big %}
        ld a,d
        cp {{ g.last }}
        jp nz,{{ g.name }}_next
{%- endif %}
{%- if s.lists %}
        ld sp,stack_top-2
{{ g.name }}_last_ei:
        ei
{%- endif %}
{%- endif %}
{{ g.name }}_done:
{%- endfor %}
{%- endmacro words %}

{# Byte accumulators: a column for each that has reached the threshold. The byte behind the last one has
   just reached it, with an activation of 0, and ends the scan. #}
{% macro bytes(s) %}
{%- for g in s.segments %}
        ld hl,{{ g.before }}
        jp {{ g.name }}_scan
{%- if s.switches %}
{{ table::switch(s=s) }}
{%- endif %}
{{- self::next(s=s, g=g) }}
        ld l,d
        ld h,{{ g.page }}
{{ g.name }}_scan:
        inc l
        ld a,(hl)
{{ g.name }}_threshold:
        sub {{ s.bytes.threshold }}                         ; {% if s.bytes.long %}set for each query{% else %}counts start here{% endif %}
        jr c,{{ g.name }}_scan
{%- if s.big %}
        cp {{ s.bytes.limit }}
        jr nc,{{ g.name }}_big
{%- endif %}
{%- for i in range(end=s.bytes.bits) %}
        add a,a
{%- endfor %}
        ld h,{{ g.name }}_rest/256
        add a,(hl)
        jr z,{{ g.name }}_zero
        ld e,a
        ld d,l
{{- self::visit(s=s, g=g, apply=s.apply, page=s.page, list="list", back="next") }}
{{ g.name }}_zero:
        ld a,l
        cp {{ g.last }}
        jp z,{{ g.name }}_done
        ld h,{{ g.page }}
        jp {{ g.name }}_scan
{%- if s.big %}
; An activation above 255: its high byte goes to the pages above, then the rest is met again.
{{ g.name }}_big:
        ld e,a
        and {{ s.bytes.limit - 1 }}
{{ g.name }}_raise:
        add a,{{ s.bytes.threshold }}
        ld (hl),a
        ld a,e
{%- for i in range(end=s.bytes.bits) %}
        rlca
{%- endfor %}
        and {{ s.bytes.high_mask }}
        ld e,a
        ld d,l
        dec d
{{- self::visit(s=s, g=g, apply=s.apply_high, page=s.high_page, list="high_list", back="next") }}
{%- endif %}
{{ g.name }}_done:
{%- endfor %}
{%- endmacro bytes %}

{# One positive accumulator of a scan: L is its index, D where the scan goes on, E the activation. A kernel that is
   called comes back to `back`; one of the columns that are lists to `next`, always. #}
{% macro visit(s, g, apply, page, list, back) %}
{{- table::column(s=s, g=g) }}
{%- if s.quick %}
        ld a,b
        cp {{ g.name }}_quick/256
        jp nc,{{ g.name }}_{{ list }}
{%- endif %}
{{- apply }}
{%- if s.called %}
        jp {{ g.name }}_{{ back }}
{%- endif %}
{%- if s.quick %}
; One of the columns that are lists.
{{ g.name }}_{{ list }}:
        ld h,b
        ld l,c
        di
        ld sp,hl
        ld h,{{ page }}
        ret
{%- endif %}
{%- endmacro visit %}

{# Where a scan goes on behind a column that was added. #}
{% macro next(s, g) %}
{%- if s.quick %}
{{ g.name }}_back:
        ld sp,stack_top-2
{{ g.name }}_ei:
        ei
{%- endif %}
{{ g.name }}_next:
{%- if s.lists %}
        ld sp,stack_top-2
{{ g.name }}_ei:
        ei
{%- endif %}
{%- endmacro next %}

{# What activations have below their lowest counted bit, a byte a neuron. #}
{% macro remainders(s) %}
        ds (256-($ and 255)) and 255
{{ s.name }}_0_rest:
{%- for line in s.lines %}
        db {{ line }}
{%- endfor %}
{%- endmacro remainders %}
