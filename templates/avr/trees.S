{# Trees of a network on numbers: a routine each, and what adds their votes. #}

{# s.base: where results begin, s.size bytes; s.values: the first byte that trees read; s.trees: their routines, or tables where s.walks. #}
{% macro stage(s) %}
        clr r1
        ldi r30, lo8({{ s.base }})
        ldi r31, hi8({{ s.base }})
        ldi r26, lo8(net_logits)
        ldi r27, hi8(net_logits)
        ldi r24, {{ s.size }}
{{ s.name }}_base:
        lpm r25, Z+
        st X+, r25
        dec r24
        brne {{ s.name }}_base
        ldi r28, lo8({{ s.values }})
        ldi r29, hi8({{ s.values }})
{%- for tree in s.trees %}
{%- if s.walks %}
        ldi r30, lo8({{ tree }})
        ldi r31, hi8({{ tree }})
        {{ s.call }} net_tree
{%- else %}
        {{ s.call }} {{ tree }}
        {{ s.call }} net_vote
{%- endif %}
{%- endfor %}
{%- endmacro stage %}

{# s.nodes: each with its label, if something jumps to it; a leaf has the label of its votes; others are compared with node.from: node.near
   is how far behind Y the byte lies, node.far its address, if it is not in r24 already. #}
{% macro tree(s) %}

; {{ s.name }}: a tree of {{ s.splits }} splits. Y: the first byte. Changes r24; Z: the votes.
{{ s.name }}:
{%- for node in s.nodes %}
{%- if node.label %}
{{ node.label }}:
{%- endif %}
{%- if node.votes %}
        ldi r30, lo8({{ node.votes }})
        ldi r31, hi8({{ node.votes }})
        ret
{%- else %}
{%- if node.far %}
        lds r24, {{ node.far }}
{%- elif node.near %}
        ldd r24, Y+{{ node.near }}
{%- endif %}
        cpi r24, {{ node.from }}
{%- if node.jump %}
        brlo {{ node.low }}
        {{ node.jump }} {{ node.high }}
{%- else %}
        brsh {{ node.high }}
{%- endif %}
{%- endif %}
{%- endfor %}
{%- endmacro tree %}

{# s.wide: two bytes say where a byte lies. #}
{% macro walk(s) %}

; Goes through a tree and votes. Y: the first byte, Z: for each node what the byte is compared with, where it lies behind the first, and
; how many bytes are skipped where it is not less; 0, and where the votes are, where the tree ends. Changes r22 to r27, T, Z.
net_tree:
        lpm r24, Z+
        tst r24
        breq net_tree_ends
        lpm r26, Z+
{%- if s.wide %}
        lpm r27, Z+
{%- else %}
        clr r27
{%- endif %}
        lpm r22, Z+
        lpm r23, Z+
        add r26, r28
        adc r27, r29
        ld r25, X
        cp r25, r24
        brlo net_tree
        add r30, r22
        adc r31, r23
        rjmp net_tree
net_tree_ends:
        lpm r24, Z+
        lpm r31, Z
        mov r30, r24
{%- endmacro walk %}

{% macro vote(s) %}

; Adds votes to the results. Z: for each twice the output, and 1 more for the last one, then the weight. r1: 0. Changes r24 to r27, T,
; Z.
net_vote:
        lpm r24, Z+
        bst r24, 0
        andi r24, 0xFE
        ldi r26, lo8(net_logits)
        ldi r27, hi8(net_logits)
        add r26, r24
        adc r27, r1
        lpm r25, Z+
        ld r24, X
        add r24, r25
        st X+, r24
        lpm r25, Z+
        ld r24, X
        adc r24, r25
        st X, r24
        brtc net_vote
        ret
{%- endmacro vote %}
