{# The start of a reply: a window of spaces. #}
{% macro begin(s) %}
net_reply_begin:
        ld hl,window
        ld b,{{ s.window }}
net_spaces:
        ld (hl),' '
        inc hl
        djnz net_spaces
        ld a,{{ s.max_reply }}
        ld (net_left),a
{%- endmacro begin %}

{# A character: handed to the console, moved into the window. #}
{% macro chat(s) %}

; Logits are final: index of the largest in C.
logits_ready:
        ld a,c
        cp {{ s.end_mark }}
        ret z
        ld b,0
        ld hl,charset
        add hl,bc
        ld a,(hl)
        push af
        call emit
        pop af
net_fold:
        cp 'A'
        jr c,net_push
        cp 'Z'+1
        jr nc,net_push
        add a,32
net_push:
{%- if s.window > 1 %}
        ld hl,window+1
        ld de,window
        ld bc,{{ s.window - 1 }}
        ldir
{%- endif %}
        ld (window+{{ s.window - 1 }}),a
        ld hl,net_left
        dec (hl)
        jp nz,net_step
        ret
{%- endmacro chat %}

{# A label. #}
{% macro label(s) %}

; Logits are final: index of the largest in C{% if s.wide %} and IXL{% endif %}.
logits_ready:
        ld l,c
{%- if s.wide %}
        ld a,ixl
        ld h,a
{%- else %}
        ld h,0
{%- endif %}
{%- if s.index %}
        ret
{%- else %}
        add hl,hl
        ld de,labels
        add hl,de
        ld e,(hl)
        inc hl
        ld d,(hl)
        ex de,hl
net_label:
        ld a,(hl)
        or a
        ret z
        push hl
        call emit
        pop hl
        inc hl
        jr net_label
{%- endif %}
{%- endmacro label %}
