{% import "subsets.asm" as subsets %}
{% import "gather.asm" as gather %}
{#- What goes over the positions of a window: sums of its bytes times weights, and what has no weights. Bytes b stand for values
    b - 128. (net_at): the window, (net_to): where the next result goes, (net_stream): what is looked up, and records. -#}

{#- A pointer in memory moves by a constant. -#}
{% macro forward(pointer, by) %}
{%- if by != 0 %}
        ld hl,({{ pointer }})
        ld de,{{ by }}
        add hl,de
        ld ({{ pointer }}),hl
{%- endif %}
{%- endmacro forward %}

{#- The sum in {E':}A:IX and the record that SP reads become the arguments of what makes a result. -#}
{% macro finish(s, label) %}
        pop bc
        add ix,bc
        pop bc
        adc a,c
{%- if s.wide %}
        ld c,a
        ld a,b
        exx
        adc a,e
        exx
        ld (net_top),a
        ld a,c
{%- endif %}
        pop de
        pop bc
{%- if s.early %}
        pop hl
        ld (net_early),hl
{%- endif %}
        ld (net_stream),sp
        ld sp,(net_stack)
{{ label }}_ei:
        ei
        push ix
        pop hl
{%- if s.early %}
        ld ix,(net_early)
{%- endif %}
        call {{ s.scale }}
{{- self::store(s=s) }}
{%- endmacro finish %}

{#- The result in A, or in HL where results have 16 bits. -#}
{% macro store(s) %}
{%- if s.words %}
        ex de,hl
        ld hl,(net_to)
        ld (hl),e
        inc hl
        ld (hl),d
{%- else %}
        ld hl,(net_to)
        ld (hl),a
{%- endif %}
        inc hl
        ld (net_to),hl
{%- endmacro store %}

{#- Back to a label until all records are read. -#}
{% macro until(label, end) %}
        ld hl,(net_stream)
        ld de,{{ end }}
        or a
        sbc hl,de
        jp nz,{{ label }}
{%- endmacro until %}

{#- Parts of a window whose bytes follow each other, as a loop: (net_walk) counts them, (net_channel) is where the next begins. Their
    sums are 0 before. -#}
{% macro begins(s, part) %}
        ld hl,net_sums
        ld de,net_sums+1
        ld bc,{{ 4 * s.each - 1 }}
        ld (hl),0
{{ part.label }}_clear:
        ldir
        ld hl,{{ part.data }}
        ld (net_stream),hl
        ld hl,(net_at)
        ld (net_channel),hl
        ld a,{{ part.times }}
        ld (net_walk),a
{{ part.label }}_part:
        ld ix,(net_channel)
{{- subsets::filled(s=s, part=part) }}
        ld (net_channel),ix
        ld a,{{ s.each }}
        ld (net_outputs),a
{%- endmacro begins %}

{#- All outputs of a position, each of which reads all channels. -#}
{% macro product(s) %}
{%- if s.gather %}
{{- gather::gather(s=s, g=s.gather) }}
{%- endif %}
{%- for part in s.parts %}
{%- if part.times > 1 %}
{{- self::begins(s=s, part=part) }}
{%- else %}
{{- subsets::tables(s=s, part=part) }}
        ld hl,{{ part.data }}
        ld (net_stream),hl
{%- endif %}
{%- if s.parts | length > 1 %}
        ld hl,net_sums
        ld (net_kept),hl
{%- endif %}
{{ part.label }}_out:
{{- subsets::dot(s=s, part=part) }}
{%- if part.is_last %}
{{- self::finish(s=s, label=part.label) }}
{%- endif %}
{%- if part.times > 1 %}
        ld hl,net_outputs
        dec (hl)
        jp nz,{{ part.label }}_out
        ld hl,net_walk
        dec (hl)
        jp nz,{{ part.label }}_part
{%- else %}
{{- self::until(label=part.label ~ "_out", end=part.data ~ "_end") }}
{%- endif %}
{%- endfor %}
{%- endmacro product %}

{#- All outputs of a position, whose weights are code. -#}
{% macro coded(s) %}
{%- for group in s.code %}
{%- if s.spread %}
{{- gather::spread(s=s, p=s.spread, offset=group.offset) }}
{%- else %}
{%- if s.gather %}
{{- gather::gather(s=s, g=s.gather) }}
{%- endif %}
{{- subsets::tables(s=s, part=s.parts.0) }}
{%- endif %}
{%- for output in group.outputs %}
{%- for line in output.lines %}
        {{ line }}
{%- endfor %}
{%- if output.early %}
        ld ix,{{ output.early }}
{%- endif %}
        call {{ s.scale }}
{{- self::store(s=s) }}
{%- endfor %}
{%- endfor %}
{%- endmacro coded %}

{#- The outputs of a position, s.each of a channel. -#}
{% macro channels(s) %}
        ld hl,(net_at)
        ld (net_channel),hl
        ld hl,{{ s.data }}
        ld (net_stream),hl
{{ s.name }}_channel:
{{- gather::gather(s=s, g=s.gather) }}
{{- subsets::tables(s=s, part=s.parts.0) }}
{%- if s.each > 1 %}
        ld a,{{ s.each }}
        ld (net_outputs),a
{%- endif %}
{{ s.name }}_out:
{{- subsets::dot(s=s, part=s.parts.0) }}
{{- self::finish(s=s, label=s.parts.0.label) }}
{%- if s.each > 1 %}
        ld hl,net_outputs
        dec (hl)
        jp nz,{{ s.name }}_out
{%- endif %}
        ld hl,(net_channel)
        inc hl
        ld (net_channel),hl
{{- self::until(label=s.name ~ "_channel", end=s.data ~ "_end") }}
{%- endmacro channels %}

{#- A counts rounds in (net_walk), and is kept meanwhile where it has a part of a sum. -#}
{% macro counting(s) %}
{%- if s.kind == "sum" %}
        ld (net_carry),a
{%- endif %}
{%- endmacro counting %}
{% macro counted(s) %}
        ld (net_walk),a
{%- if s.kind == "sum" %}
        ld a,(net_carry)
{%- endif %}
{%- endmacro counted %}

{#- What is done with the bytes of a channel: they are added to A:IX, or C is the largest. w.times rounds of w.unroll. -#}
{% macro walk(s, w) %}
        ld hl,(net_channel)
        ld de,{{ w.step }}
{%- if w.rows > 1 %}
        ld a,{{ w.rows }}
        ld (net_rest),a
{%- endif %}
{%- if s.kind == "sum" %}
        xor a
        ld b,a
        ld ix,0
{%- else %}
        ld c,0
{%- endif %}
{{ s.name }}_line:
{%- if w.times > 1 %}
{{- self::counting(s=s) }}
        ld a,{{ w.times }}
{{- self::counted(s=s) }}
{{ s.name }}_bytes:
{%- endif %}
{%- for i in range(end=w.unroll) %}
{%- if s.kind == "sum" %}
        ld c,(hl)
        add ix,bc
        adc a,0
{%- else %}
        ld a,(hl)
        cp c
        jr c,{{ s.name }}_{{ i }}_less
        ld c,a
{{ s.name }}_{{ i }}_less:
{%- endif %}
        add hl,de
{%- endfor %}
{%- if w.times > 1 %}
{{- self::counting(s=s) }}
        ld a,(net_walk)
        dec a
{{- self::counted(s=s) }}
        jp nz,{{ s.name }}_bytes
{%- endif %}
{%- if w.rows > 1 %}
{%- if w.skip > 0 %}
        push bc
        ld bc,{{ w.skip }}
        add hl,bc
        pop bc
{%- endif %}
        push hl
        ld hl,net_rest
        dec (hl)
        pop hl
        jp nz,{{ s.name }}_line
{%- endif %}
{%- endmacro walk %}

{#- Sums or largest bytes of windows, channel by channel. -#}
{% macro pool(s) %}
        ld hl,(net_at)
        ld (net_channel),hl
{%- if s.kind == "sum" %}
        ld hl,{{ s.records }}
        ld (net_stream),hl
{%- else %}
        ld a,{{ s.channels }}
        ld (net_outputs),a
{%- endif %}
{{ s.name }}_channel:
{{- self::walk(s=s, w=s.walk) }}
{%- if s.kind == "sum" %}
        di
        ld sp,(net_stream)
{{- self::finish(s=s, label=s.name) }}
{%- else %}
        ld a,c
{{- self::store(s=s) }}
{%- endif %}
        ld hl,(net_channel)
        inc hl
        ld (net_channel),hl
{%- if s.kind == "sum" %}
{{- self::until(label=s.name ~ "_channel", end=s.records ~ "_end") }}
{%- else %}
        ld hl,net_outputs
        dec (hl)
        jp nz,{{ s.name }}_channel
{%- endif %}
{%- endmacro pool %}

{#- The loops over positions. -#}
{% macro stage(s) %}
        ld hl,{{ s.from }}
        ld (net_at),hl
        ld hl,{{ s.to }}
        ld (net_to),hl
{%- if s.spread %}
        ld hl,net_window
        ld de,net_window+1
        ld bc,{{ s.spread.size - 1 }}
        ld (hl),0
{{ s.name }}_clear:
        ldir
{%- endif %}
{%- if s.rows > 1 %}
        ld a,{{ s.rows }}
        ld (net_rows),a
{{ s.name }}_row:
{%- endif %}
{%- if s.cols > 1 %}
        ld a,{{ s.cols }}
        ld (net_cols),a
{{ s.name }}_col:
{%- endif %}
{%- if s.kind == "product" %}
{{- self::product(s=s) }}
{%- elif s.kind == "code" %}
{{- self::coded(s=s) }}
{%- elif s.kind == "apart" %}
{{- self::channels(s=s) }}
{%- else %}
{{- self::pool(s=s) }}
{%- endif %}
{%- if s.cols > 1 %}
{{- self::forward(pointer="net_at", by=s.right) }}
        ld hl,net_cols
        dec (hl)
        jp nz,{{ s.name }}_col
{%- endif %}
{%- if s.rows > 1 %}
{{- self::forward(pointer="net_at", by=s.down) }}
{{- self::forward(pointer="net_to", by=s.to_skip) }}
        ld hl,net_rows
        dec (hl)
        jp nz,{{ s.name }}_row
{%- endif %}
{%- endmacro stage %}
