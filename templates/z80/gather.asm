{#- The bytes of a window one after the other. -#}

{#- So many bytes from HL on to DE, which move on. -#}
{% macro copy(label, count) %}
{%- if count <= 12 %}
{%- for i in range(end=count) %}
        ldi
{%- endfor %}
{%- else %}
        ld bc,{{ count }}
        ldir
{%- endif %}
{%- endmacro copy %}

{#- The bytes of a window one after the other. g.rows, g.run, g.skip behind a row; g.step from one byte to the next. -#}
{% macro gather(s, g) %}
        ld hl,({{ g.from }})
        ld de,net_window
{%- if g.step > 1 %}
        ld bc,{{ g.step }}
{%- endif %}
{%- if g.rows > 1 %}
        ld a,{{ g.rows }}
        ld (net_walk),a
{%- endif %}
{{ s.name }}_gather:
{%- if g.step > 1 %}
{%- for i in range(end=g.run) %}
        ld a,(hl)
        ld (de),a
        inc de
        add hl,bc
{%- endfor %}
{%- else %}
{{- self::copy(label=s.name, count=g.run) }}
{%- endif %}
{%- if g.rows > 1 %}
{%- if g.skip > 0 %}
        ld bc,{{ g.skip }}
        add hl,bc
{%- if g.step > 1 %}
        ld bc,{{ g.step }}
{%- endif %}
{%- endif %}
        ld a,(net_walk)
        dec a
        ld (net_walk),a
        jp nz,{{ s.name }}_gather
{%- endif %}
{%- endmacro gather %}

{#- The bytes of a window become words, whose upper bytes are 0. -#}
{% macro spread(s, p, offset) %}
        ld hl,(net_at)
{%- if offset > 0 %}
        ld de,{{ offset }}
        add hl,de
{%- endif %}
        ld de,net_window
{%- if p.step > 1 %}
        ld bc,{{ p.step }}
{%- endif %}
{%- if p.rows > 1 %}
        ld a,{{ p.rows }}
        ld (net_walk),a
{{ s.name }}{% if offset > 0 %}_{{ offset }}{% endif %}_spread:
{%- endif %}
{%- if p.loops %}
        ld b,{{ p.run }}
{{ s.name }}_word:
        ld a,(hl)
        ld (de),a
        inc hl
        inc de
        inc de
        djnz {{ s.name }}_word
{%- else %}
{%- for i in range(end=p.run) %}
{%- if p.step > 1 %}
        ld a,(hl)
        ld (de),a
        add hl,bc
        inc de
        inc de
{%- else %}
        ldi
        inc de
{%- endif %}
{%- endfor %}
{%- endif %}
{%- if p.rows > 1 %}
{%- if p.skip > 0 %}
        ld bc,{{ p.skip }}
        add hl,bc
{%- if p.step > 1 %}
        ld bc,{{ p.step }}
{%- endif %}
{%- endif %}
        ld a,(net_walk)
        dec a
        ld (net_walk),a
        jp nz,{{ s.name }}{% if offset > 0 %}_{{ offset }}{% endif %}_spread
{%- endif %}
{%- endmacro spread %}
