{%- import "hash.asm" as hash -%}
{%- import "narrow.asm" as narrow -%}
{%- import "prefix.asm" as prefix -%}
{% macro copy(from, to, count) %}
        ld hl,{{ from }}
        ld de,{{ to }}
        ld bc,{{ count }}
        call copy
{%- endmacro copy %}

{# Address of column number L, from the table of a stage or of one of its input tiles. #}
{% macro column(s, g) %}
        ld h,{{ g.name }}_table/256
        ld c,(hl)
{%- if g.half %}
        set 7,l
{%- else %}
        inc h
{%- endif %}
{{- self::high(s=s) }}
{%- endmacro column %}

{# The address that begins with C and goes on at HL: in HL, for gaps in BC. #}
{% macro high(s) %}
{%- if s.form == "gaps" %}
        ld b,(hl)
{%- else %}
        ld h,(hl)
        ld l,c
{%- endif %}
{%- endmacro high %}

{# Hands the column at HL, for gaps at BC, to the kernel; E is the activation. `page`: of the accumulators' low bytes. #}
{% macro apply(s, page) %}
{%- if s.lists %}
        di
        ld sp,hl
        ld h,{{ page }}
        ret
{%- elif s.form == "gaps" %}
        ld hl,255+256*({{ page }})
{%- for t in range(end=s.tiles) %}
        call {{ s.gap_kernel }}
{%- if not loop.last %}
{%- for i in range(end=s.stride) %}
        inc h
{%- endfor %}
        ld l,255
{%- endif %}
{%- endfor %}
{%- elif s.form == "packed" %}
        push hl
{%- if s.keeps_alternate %}
        di                              ; the system's interrupts use BC'
{%- endif %}
        exx
        pop de
{%- if s.keeps_alternate %}
        push bc
{%- endif %}
        exx
        ld h,{{ page }}
{%- for t in range(end=s.tiles) %}
        ld l,0
{%- if s.binary %}
{%- if s.bit_bytes[t] > 0 %}
        ld b,{{ s.bit_bytes[t] }}
        call bits_loop
{%- endif %}
{%- if s.bit_rests[t] > 0 %}
        ld b,1
        call bits_rest_{{ s.bit_rests[t] }}
{%- endif %}
{%- else %}
        exx
        ld b,{{ s.packed_bytes[t] + 1 }}
        exx
        call packed_loop
{%- endif %}
{%- if not loop.last %}
{%- for i in range(end=s.stride) %}
        inc h
{%- endfor %}
{%- endif %}
{%- endfor %}
{%- if s.keeps_alternate %}
        exx
        pop bc
        exx
        ei
{%- endif %}
{%- else %}
        push hl
        ld h,{{ page }}
        ret
{%- endif %}
{%- endmacro apply %}

{# One positive accumulator of a scan: L is its index, D where the scan goes on, E the activation. A kernel that is
   called comes back to `back`; one of the columns that are lists to `next`, always. #}
{% macro visit(s, g, page, list, back) %}
{{- self::column(s=s, g=g) }}
{%- if s.quick %}
        ld a,b
        cp {{ g.name }}_quick/256
        jp nc,{{ g.name }}_{{ list }}
{%- endif %}
{{- self::apply(s=s, page=page) }}
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

{% macro stage(s) %}
; {{ s.title }}
{{ s.name }}:
{%- for line in s.start_code %}
{{ line }}
{%- endfor %}
{%- if s.narrow and s.narrow.long and s.narrow.counts_query %}
        ld a,(query_length)
        cp {{ s.narrow.short + 1 }}                           ; bytes hold the counts of {{ s.narrow.short }} trigrams
        jp nc,{{ s.name }}_long
        ld a,{{ s.narrow.threshold }}
{%- for label in s.narrow.patches %}
        ld ({{ label }}+1),a
{%- endfor %}
{%- endif %}
{%- if s.prefix %}{{ prefix::start(s=s, p=s.prefix) }}{% endif %}
{%- for c in s.copies %}{{ self::copy(from=c.from, to=c.to, count=c.count) }}{% endfor %}
{%- if s.source == "hidden" %}
{%- for g in s.segments %}
{%- if s.narrow %}{{ self::scan_bytes(s=s, g=g, n=s.narrow) }}{% else %}{{ self::scan(s=s, g=g) }}{% endif %}
{%- endfor %}
{%- if s.folds %}
; Sums that two outputs share, added to both.
        ld h,{{ s.page }}
{%- for f in s.folds %}
        ld l,{{ f.from }}
        ld e,(hl)
        inc h
        ld d,(hl)
        dec h
        ld l,{{ f.plus }}
        ld a,(hl)
        add a,e
        ld (hl),a
        inc h
        ld a,(hl)
        adc a,d
        ld (hl),a
        dec h
        ld l,{{ f.other }}
        ld a,(hl)
        {{ f.low }}e
        ld (hl),a
        inc h
        ld a,(hl)
        {{ f.high }}d
        ld (hl),a
        dec h
{%- endfor %}
{%- endif %}
{%- else %}
{%- if not s.narrow %}
        ld e,{{ s.factor }}
{%- elif s.narrow.long and s.narrow.counts_query %}
        ld ix,query_text
        ld a,(query_length)
        call {{ s.name }}_count
        jp {{ s.name }}_done
{%- endif %}
{%- if s.source == "trigrams" %}{{ hash::trigrams(s=s) }}{% else %}{{ hash::ngrams(s=s) }}{% endif %}
{%- if s.narrow and s.narrow.long and s.narrow.counts_query %}
        ret
{{ narrow::long(s=s, n=s.narrow) }}
{%- else %}
        jp {{ s.name }}_done
{%- endif %}
{%- if s.tiles > 1 %}
{{ self::switch(s=s) }}
{%- endif %}
; Adds the column of bucket {% if s.wide_table %}HL{% else %}A{% endif %}.
{{ s.name }}_apply:
{%- if s.wide_table %}
        add hl,hl
        ld bc,{{ s.name }}_table
        add hl,bc
        ld c,(hl)
        inc hl
{{- self::high(s=s) }}
{%- else %}
        ld l,a
{{- self::column(s=s, g=s.segments[0]) }}
{%- endif %}
{{- self::apply(s=s, page=s.page) }}
{{ s.name }}_next:
{%- if s.lists %}
        ld sp,stack_top-{{ s.depth }}
{{ s.name }}_ei:
        ei
{%- endif %}
        ret
{{ s.name }}_done:
{%- endif %}
{%- endmacro stage %}

{# One input tile: applies a column for each accumulator of the source that is positive after its shift. #}
{% macro scan(s, g) %}
        ld hl,{{ g.last_high }}
        bit 7,(hl)                      ; the last accumulator stops the scan: negative counts as 0
        jr z,{{ g.name }}_go
        ld (hl),0
        dec h
        ld (hl),0
{{ g.name }}_go:
        ld hl,{{ g.before }}
        jp {{ g.name }}_scan
{%- if s.tiles > 1 and g.first %}
{{ self::switch(s=s) }}
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
{{- self::visit(s=s, g=g, page=s.page, list="list", back="next") }}
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
{{- self::visit(s=s, g=g, page=s.high_page, list="high_list", back="again") }}
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
{%- endmacro scan %}

{# Byte accumulators: a column for each that has reached the threshold. The byte behind the last one has
   just reached it, with an activation of 0, and ends the scan. #}
{% macro scan_bytes(s, g, n) %}
        ld hl,{{ g.before }}
        jp {{ g.name }}_scan
{%- if s.tiles > 1 %}
{{ self::switch(s=s) }}
{%- endif %}
{{- self::next(s=s, g=g) }}
        ld l,d
        ld h,{{ g.page }}
{{ g.name }}_scan:
        inc l
        ld a,(hl)
{{ g.name }}_threshold:
        sub {{ n.threshold }}                         ; {% if n.long %}set for each query{% else %}counts start here{% endif %}
        jr c,{{ g.name }}_scan
{%- if s.big %}
        cp {{ n.limit }}
        jr nc,{{ g.name }}_big
{%- endif %}
{%- for i in range(end=n.bits) %}
        add a,a
{%- endfor %}
        ld h,{{ g.name }}_rest/256
        add a,(hl)
        jr z,{{ g.name }}_zero
        ld e,a
        ld d,l
{{- self::visit(s=s, g=g, page=s.page, list="list", back="next") }}
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
        and {{ n.limit - 1 }}
{{ g.name }}_raise:
        add a,{{ n.threshold }}
        ld (hl),a
        ld a,e
{%- for i in range(end=n.bits) %}
        rlca
{%- endfor %}
        and {{ n.high_mask }}
        ld e,a
        ld d,l
        dec d
{{- self::visit(s=s, g=g, page=s.high_page, list="high_list", back="next") }}
{%- endif %}
{{ g.name }}_done:
{%- endmacro scan_bytes %}

{# An entry in a column list: the outputs that follow are in the next tile. #}
{% macro switch(s) -%}
{%- if s.lists -%}
{{ s.name }}_tile:
{%- for i in range(end=s.stride) %}
        inc h
{%- endfor %}
        ret
{%- endif -%}
{%- endmacro switch %}
