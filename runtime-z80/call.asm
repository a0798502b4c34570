; ---- entry points -----------------------------------------------------------
; What they take and give stands on top.
{%- if streams is undefined %}
{%- if not remembers %}

net_start:
        ret
{%- endif %}

net_begin:
        xor a
        ld (net_taken),a
        ld (net_state),a
        ret

net_input:
        ld e,a
        ld a,(net_taken)
        cp {{ max_query }}
        ret nc
        ld hl,line
        ld c,a
        ld b,0
        add hl,bc
        ld (hl),e
        inc a
        ld (net_taken),a
        ret
{%- if keeps %}

net_reset:
        xor a
        ld (conversed),a
        ret
{%- endif %}

; What was put in becomes a query, Z if it is none.
net_take:
        ld hl,line
        ld a,(net_taken)
        ld b,a
        jp set_query
{%- if called.labels %}

net_run:
        ld (net_caller),sp
        ld sp,stack_top
{%- if not called.logits %}
        ld hl,0FFFFh                    ; no label
        ld (logit_choice),hl
{%- endif %}
        call net_take
{%- if called.logits %}
        jr z,net_nothing
        call net_answer
        ld sp,(net_caller)
        push hl
        call net_widen
        pop hl
        or a
        ret
net_nothing:
        ld sp,(net_caller)
        scf
        ret
{%- else %}
        call nz,net_answer
        ld sp,(net_caller)
        ld hl,(logit_choice)
        ld a,h
        add a,1                         ; carry: none was chosen
        ret

; The label's text is not wanted.
newline:
emit:
        ret
{%- endif %}
{%- else %}

; The network works on a stack of its own, and stays there from one character to the next. net_state: 0: the reply has
; not begun, 1: it has, 2: it is over.
net_run:
        ld (net_caller),sp
        ld a,(net_state)
        dec a
        jr z,net_goes_on
        jp p,net_over
        ld sp,stack_top
        call net_take
        call nz,net_answer
        ld a,2
        ld (net_state),a
        ld sp,(net_caller)
net_over:
        scf
        ret
net_goes_on:
        ld sp,(net_resume)
        ret                             ; behind the call of emit

; The network's next character, in A, goes to who called net_run.
newline:
emit:
        ld (net_resume),sp
        ld sp,(net_caller)
        ld hl,net_state
        ld (hl),1
{%- if called.logits %}
        push af
        call net_widen
        pop af
{%- endif %}
        or a
        ret
{%- endif %}
{%- if called.logits %}

; Accumulators of the last layer become logits.
net_widen:
        ld de,net_logits
{%- for tile in called.logits.tiles %}
        ld hl,{{ tile.low }}
        ld b,{{ tile.count % 256 }}
net_widen_{{ loop.index0 }}:
        ld c,(hl)
        inc h
        ld a,(hl)
        dec h
        inc l
{%- for bit in range(end=called.logits.shift) %}
        sra a
        rr c
{%- endfor %}
        ex de,hl
        ld (hl),c
        inc hl
        ld (hl),a
        inc hl
        ex de,hl
        djnz net_widen_{{ loop.index0 }}
{%- endfor %}
        ret
{%- endif %}
{%- endif %}
{%- if enables and not called.rom %}

net_keep_di:
        xor a                           ; NOP in the place of each EI
{%- for label in enables %}
        ld ({{ label }}),a
{%- endfor %}
        ret
{%- endif %}
