{% import "window.asm" as window %}
{#- Steps without windows: tables, sums of two arrays; and what fills the bytes around an array. -#}

{#- Byte by byte: s.rows rows of s.run bytes, s.skip and others behind those of what is read and written. -#}
{% macro rows(s) %}
        ld hl,{{ s.from }}
        ld (net_at),hl
{%- if s.other %}
        ld hl,{{ s.other }}
        ld (net_channel),hl
{%- endif %}
        ld hl,{{ s.to }}
        ld (net_to),hl
{%- if s.rows > 1 %}
        ld a,{{ s.rows }}
        ld (net_rows),a
{{ s.name }}_row:
{%- endif %}
{%- if s.functions %}
        ld hl,{{ s.functions }}
        ld (net_stream),hl
{%- endif %}
        ld hl,{{ s.run }}
        ld (net_left),hl
{{ s.name }}_next:
{%- endmacro rows %}

{% macro rows_end(s) %}
        ld hl,(net_left)
        dec hl
        ld (net_left),hl
        ld a,h
        or l
        jp nz,{{ s.name }}_next
{%- if s.rows > 1 %}
{{- window::forward(pointer="net_at", by=s.skip) }}
{%- if s.other %}
{{- window::forward(pointer="net_channel", by=s.other_skip) }}
{%- endif %}
{{- window::forward(pointer="net_to", by=s.to_skip) }}
        ld hl,net_rows
        dec (hl)
        jp nz,{{ s.name }}_row
{%- endif %}
{%- endmacro rows_end %}

{% macro table(s) %}
{{- self::rows(s=s) }}
        ld hl,(net_at)
        ld e,(hl)
        inc hl
        ld (net_at),hl
        ld d,{{ s.table }}/256
        ld a,(de)
{{- window::store(s=s) }}
{{- self::rows_end(s=s) }}
{%- endmacro table %}

{#- The sum of an entry of 32 bits for each of two bytes; the bytes of entries are a page each. -#}
{% macro add(s) %}
{{- self::rows(s=s) }}
        ld hl,(net_at)
        ld e,(hl)
        inc hl
        ld (net_at),hl
        ld hl,(net_channel)
        ld d,(hl)
        inc hl
        ld (net_channel),hl
{%- for byte in range(end=4) %}
        ld h,{{ s.table }}/256+{{ byte }}
        ld l,e
        ld a,(hl)
        ld h,{{ s.table }}/256+{{ byte + 4 }}
        ld l,d
        {% if loop.first %}add{% else %}adc{% endif %} a,(hl)
        ld ({% if loop.last %}net_top{% else %}net_sum+{{ byte }}{% endif %}),a
{%- endfor %}
{%- if s.functions %}
        ld hl,(net_stream)
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        ld (net_stream),hl
{%- else %}
        ld de,{{ s.word }}
        ld bc,{{ s.low }}
{%- endif %}
{%- if s.early %}
        ld ix,{{ s.early }}
{%- endif %}
        ld hl,(net_sum)
        ld a,(net_sum+2)
        call {{ s.scale }}
{{- window::store(s=s) }}
{{- self::rows_end(s=s) }}
{%- endmacro add %}

{#- What lies around an array. -#}
{% macro border(s) %}
        ld hl,{{ s.at }}                ; what windows read over the edge
        ld de,{{ s.first }}
        ld c,{{ s.byte }}
        call net_border
{%- if s.rows > 1 %}
        ld a,{{ s.rows - 1 }}
        ld (net_rows),a
{{ s.name }}_edge:
        ld de,{{ s.inside }}
        add hl,de
        ld de,{{ s.between }}
        call net_border
        ld a,(net_rows)
        dec a
        ld (net_rows),a
        jp nz,{{ s.name }}_edge
{%- endif %}
        ld de,{{ s.inside }}
        add hl,de
        ld de,{{ s.last }}
        call net_border
{%- endmacro border %}

{% macro fill(s) %}

; DE bytes at HL become C. HL moves on. Changes A, DE.
net_border:
        ld a,d
        or e
        ret z
        ld (hl),c
        inc hl
        dec de
        jp net_border
{%- endmacro fill %}

{#- Bytes of the last array become results of 16 bits. -#}
{% macro widen(s) %}
        ld hl,{{ s.from }}
        ld de,net_logits
        ld bc,{{ s.count }}
net_widen:
        ld a,(hl)
        sub 80h
        ld (de),a
        inc de
        add a,a
        sbc a,a
        ld (de),a
        inc de
        inc hl
        dec bc
        ld a,b
        or c
        jp nz,net_widen
{%- endmacro widen %}
