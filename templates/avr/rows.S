{% import "window.S" as window %}
{# Networks row by row. net_next points into the list of what happens next, a byte each; 0 waits for a row of values. #}

{# s.jump, s.labels: what is done, in the order of its numbers; s.far: RAMPZ is used, and 0 again in the end. #}
{% macro play(s) %}

; A row of values is there: does what can be done with it. Changes all registers but r1.
net_play:
        lds r30, net_next
        lds r31, net_next+1
        lpm r24, Z+
        sts net_next, r30
        sts net_next+1, r31
{%- for label in s.labels %}
        dec r24
        brne net_play_{{ loop.index }}
        {{ s.jump }} {{ label }}
net_play_{{ loop.index }}:
{%- endfor %}
        clr r1                          ; it is 0: there is nothing more
{%- if s.far %}
        out 0x3B, r1                    ; RAMPZ
{%- endif %}
        ret
{%- endmacro play %}

{# s.array, s.about, s.from, s.to, s.unroll, s.times #}
{% macro move(s) %}

; The rows of array {{ s.array }} move up by one.
net_move_{{ s.array }}:
        ldi r26, lo8({{ s.from }})
        ldi r27, hi8({{ s.from }})
        ldi r28, lo8({{ s.to }})
        ldi r29, hi8({{ s.to }})
        ldi r24, lo8({{ s.times }})
        ldi r25, hi8({{ s.times }})
net_moved_{{ s.array }}:
{%- for i in range(end=s.unroll) %}
        ld r18, X+
        st Y+, r18
{%- endfor %}
        sbiw r24, 1
        brne net_moved_{{ s.array }}
        {{ s.jump }} net_play
{%- endmacro move %}

{% macro edge(s) %}

; The newest row of array {{ s.array }} is one below its last.
net_edge_{{ s.array }}:
{{- self::fill(s=s) }}
        {{ s.jump }} net_play
{%- endmacro edge %}

{# s.at, s.count, s.byte: what is filled with what. #}
{% macro fill(s) %}
        ldi r26, lo8({{ s.at }})
        ldi r27, hi8({{ s.at }})
        ldi r18, {{ s.byte }}
        ldi r24, lo8({{ s.count }})
        ldi r25, hi8({{ s.count }})
        {{ s.call }} net_fill
{%- endmacro fill %}

{# Before the first value: s.fills are borders, s.sums what sums begin with, s.rows where their weights begin. #}
{% macro begin(s) %}
        ldi r24, lo8(net_schedule)
        ldi r25, hi8(net_schedule)
        sts net_next, r24
        sts net_next+1, r25
{%- for fill in s.fills %}
{{- self::fill(s=fill) }}
{%- endfor %}
{%- for sum in s.sums %}
        ldi r30, lo8({{ sum.name }}_starts)
        ldi r31, hi8({{ sum.name }}_starts)
        ldi r26, lo8({{ sum.name }}_sums)
        ldi r27, hi8({{ sum.name }}_sums)
        ldi r24, lo8({{ sum.bytes }})
        ldi r25, hi8({{ sum.bytes }})
        {{ sum.call }} net_copy
{%- if sum.weights %}
        ldi r24, lo8({{ sum.name }}_weights)
        ldi r25, hi8({{ sum.name }}_weights)
        sts {{ sum.name }}_at, r24
        sts {{ sum.name }}_at+1, r25
{%- if sum.far %}
        ldi r24, hh8({{ sum.name }}_weights)
        sts {{ sum.name }}_at+2, r24
{%- endif %}
{%- endif %}
{%- endfor %}
{%- endmacro begin %}

{% macro copy(s) %}

; r25:r24 bytes of flash at Z go to X. Changes r18, r24, r25, X, Z.
net_copy:
        lpm r18, Z+
        st X+, r18
        sbiw r24, 1
        brne net_copy
        ret
{%- endmacro copy %}

{# A row of what all outputs read, at s.from: s.parts as of a stage, s.at points to their weights, which `elpm` reads where they are s.far. #}
{% macro gather(s) %}
        clr r14
        ldi r24, lo8({{ s.from }})
        ldi r25, hi8({{ s.from }})
        ldi r28, lo8({{ s.name }}_sums)
        ldi r29, hi8({{ s.name }}_sums)
{%- if s.weights %}
        lds r30, {{ s.name }}_at
        lds r31, {{ s.name }}_at+1
{%- if s.far %}
        lds r18, {{ s.name }}_at+2
        out 0x3B, r18                   ; RAMPZ
{%- endif %}
{%- endif %}
{%- if s.triangles %}
{{- window::before(s=s) }}
{%- endif %}
{%- for part in s.parts %}
{%- set label = s.name ~ "_row_" ~ loop.index %}
{%- if part.count > 1 %}
        ldi r22, {{ part.count }}
{{ label }}:
{%- endif %}
        movw r26, r24
        {{ s.call }} {{ part.sums }}
{%- if not s.weights %}
        adiw r24, 1                     ; the next channel
{%- endif %}
{%- if part.count > 1 %}
        dec r22
        brne {{ label }}
{%- endif %}
{%- endfor %}
{%- if s.weights %}
        sts {{ s.name }}_at, r30
        sts {{ s.name }}_at+1, r31
{%- if s.far %}
        in r18, 0x3B                    ; RAMPZ
        sts {{ s.name }}_at+2, r18
{%- endif %}
{%- endif %}
{%- endmacro gather %}

{# What becomes of s.count sums; s.records: what Z points to when they are scaled. #}
{% macro finish(s) %}
        clr r14
        ldi r24, lo8({{ s.name }}_sums)
        ldi r25, hi8({{ s.name }}_sums)
        ldi r28, lo8({{ s.to }})
        ldi r29, hi8({{ s.to }})
{%- if s.records %}
        ldi r30, lo8({{ s.records }})
        ldi r31, hi8({{ s.records }})
{%- endif %}
        ldi r22, lo8({{ s.count }})
        ldi r23, hi8({{ s.count }})
{{ s.name }}_result:
        movw r26, r24
        ld r18, X+
        ld r19, X+
        ld r20, X+
{%- if s.wide %}
        ld r21, X+
{%- endif %}
        movw r24, r26
        {{ s.call }} {{ s.scale }}
        st Y+, r18
{%- if s.words %}
        st Y+, r19
{%- endif %}
        subi r22, 1
        sbci r23, 0
        brne {{ s.name }}_result
{%- endmacro finish %}
