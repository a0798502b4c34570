{#- Trees of a network on numbers: a routine each, and what adds their votes. -#}

{#- s.base: where results begin, s.size bytes; s.trees: the routines of trees, or their tables where
    s.walks. -#}
{% macro stage(s) %}
        ld hl,{{ s.base }}
        ld de,net_logits
        ld bc,{{ s.size }}
        ldir
{%- for tree in s.trees %}
{%- if s.walks %}
        ld hl,{{ tree }}
        call net_tree
{%- else %}
        call {{ tree }}
        call net_vote
{%- endif %}
{%- endfor %}
{%- endmacro stage %}

{#- s.nodes: each with its label, if something jumps to it; a leaf has the label of its votes; others are compared with node.from: node.load
    is the address of the byte, if it is not in A already. -#}
{% macro tree(s) %}

; {{ s.name }}: a tree of {{ s.splits }} splits. Changes A; HL: the votes.
{{ s.name }}:
{%- for node in s.nodes %}
{%- if node.label %}
{{ node.label }}:
{%- endif %}
{%- if node.votes %}
        ld hl,{{ node.votes }}
        ret
{%- else %}
{%- if node.load %}
        ld a,({{ node.load }})
{%- endif %}
        cp {{ node.from }}
        {{ node.jump }} nc,{{ node.high }}
{%- endif %}
{%- endfor %}
{%- endmacro tree %}

{#- s.values: the first byte; s.wide: two bytes say where a byte lies behind it. -#}
{% macro walk(s) %}

; Goes through a tree and votes. HL: for each node what a byte is compared with, where it lies behind the first, and how many bytes are
; skipped where it is not less; 0, and where the votes are, where the tree ends. Changes A, BC, DE, HL.
net_tree:
        ld a,(hl)
        inc hl
        or a
        jr z,net_tree_ends
        ld c,a
        ld e,(hl)
        inc hl
{%- if s.wide %}
        ld d,(hl)
        inc hl
{%- else %}
        ld d,0
{%- endif %}
        push hl
        ld hl,{{ s.values }}
        add hl,de
        ld a,(hl)
        pop hl
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        cp c
        jr c,net_tree
        add hl,de
        jr net_tree
net_tree_ends:
        ld e,(hl)
        inc hl
        ld d,(hl)
        ex de,hl
{%- endmacro walk %}

{% macro vote(s) %}

; Adds votes to the results. HL: for each twice the output, and 1 more for the last one, then the weight. Changes A, BC, DE, HL.
net_vote:
        ld a,(hl)
        inc hl
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld c,a
        ld b,0
        res 0,c
        ld hl,net_logits
        add hl,bc
        ld c,a
        ld a,(hl)
        add a,e
        ld (hl),a
        inc hl
        ld a,(hl)
        adc a,d
        ld (hl),a
        pop hl
        bit 0,c
        jr z,net_vote
        ret
{%- endmacro vote %}
