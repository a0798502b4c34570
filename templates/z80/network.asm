{%- import "stage.asm" as stage -%}
{%- import "argmax.asm" as argmax -%}
; ---- the network -----------------------------------------------------------

; Takes a query: HL text, B length. Spaces at both ends are dropped, A-Z become a-z; a space is put on
; each side. Z if nothing is left.
set_query:
        ld c,0                          ; length
        ld de,query_text
        ld a,' '
        ld (de),a
        inc de
        inc b
set_query_lead:
        dec b
        jr z,set_query_end
        ld a,(hl)
        inc hl
        cp ' '
        jr z,set_query_lead
        jr set_query_fold
set_query_next:
        ld a,(hl)
        inc hl
set_query_fold:
        cp 'A'
        jr c,set_query_put
        cp 'Z'+1
        jr nc,set_query_put
        add a,32
set_query_put:
        ld (de),a
        inc de
        inc c
        djnz set_query_next
set_query_trim:
        dec de
        ld a,(de)
        cp ' '
        jr nz,set_query_trimmed
        dec c
        jr set_query_trim               ; stops at the latest at the first letter, which is no space
set_query_trimmed:
        inc de
set_query_end:
        ld a,' '
        ld (de),a
        ld a,c
        ld (query_length),a
        or a
        ret

; Answers the query by calls of emit. Called with SP at stack_top.
net_answer:
{%- for s in stages | filter(attribute="in_loop", value=false) %}
{{ stage::stage(s=s) }}
{%- endfor %}
{%- if chat %}
net_begin:
        ld hl,window
        ld b,{{ window }}
net_spaces:
        ld (hl),' '
        inc hl
        djnz net_spaces
        ld a,{{ max_reply }}
        ld (net_left),a

net_step:
{%- for s in stages | filter(attribute="in_loop", value=true) %}
{{ stage::stage(s=s) }}
{%- endfor %}
{{ argmax::argmax(s=output) }}

; Logits are final: index of the largest in C.
logits_ready:
        ld a,c
        cp {{ end_mark }}
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
{%- if window > 1 %}
        ld hl,window+1
        ld de,window
        ld bc,{{ window - 1 }}
        ldir
{%- endif %}
        ld (window+{{ window - 1 }}),a
        ld hl,net_left
        dec (hl)
        jp nz,net_step
        ret
{%- else %}
{{ argmax::argmax(s=output) }}

; Logits are final: index of the largest in C{% if output.tiles > 1 %} and IXL{% endif %}.
logits_ready:
        ld l,c
{%- if output.tiles > 1 %}
        ld a,ixl
        ld h,a
{%- else %}
        ld h,0
{%- endif %}
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
