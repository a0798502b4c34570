{# What the n-grams inside the spaces in front of the window add is known: it is added to the query's sums at once, and
   hashing goes on behind it. With less than two spaces left all n-grams are counted. #}
{% macro start(s) %}
; While the window begins with spaces, what their n-grams add stands in a table.
        ld a,(net_left)
{%- if s.less > 0 %}
        sub {{ s.less }}                           ; spaces left - 2
        jp c,{{ s.name }}_plain
{%- else %}
        add a,{{ s.more }}                         ; spaces left - 2
{%- endif %}
        add a,a
        add a,a
        add a,a
        ld l,a
        ld h,0
        ld de,{{ s.name }}_spaces
        add hl,de
        ld c,(hl)
        inc hl
        ld b,(hl)
        inc hl
        push hl
        ld h,b
        ld l,c
        ld de,{{ s.from }}
        ld bc,{{ s.name }}_acc
{{ s.name }}_known:
{%- for i in range(end=8) %}
        ld a,(de)
        add a,(hl)
        ld (bc),a
        inc hl
        inc e
        inc c
{%- endfor %}
        ld a,c
        cp {{ s.count % 256 }}
        jp nz,{{ s.name }}_known
        pop hl
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push de
        pop ix                          ; the last space but one
        ld a,(hl)
        ld (net_seed),a                 ; its seed
        inc hl
        ld d,(hl)                       ; the hash of the last two spaces
        inc hl
        ld a,(hl)                       ; positions left with three n-grams
        or a
        jp z,{{ s.name }}_done
        jp {{ s.name }}_third
{{ s.name }}_plain:
{%- endmacro start %}

{# For two spaces on, up to a whole window: where the sums are, and how hashing goes on. Then the sums. #}
{% macro tables(s) %}
{{ s.name }}_spaces:
{%- for r in s.records %}
        dw {{ s.name }}_known_{{ r.spaces }},window+{{ r.at }}
        db {{ r.seed }},{{ r.hash }},{{ r.positions }},0
{%- endfor %}
{%- for r in s.records %}
{{ s.name }}_known_{{ r.spaces }}:
{%- for line in r.sums %}
        db {{ line }}
{%- endfor %}
{%- endfor %}
{%- endmacro tables %}
