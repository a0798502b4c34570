{#- A row of a matrix that is stored for looking up, as bytes and then as words. -#}
{% macro row(s) %}
; DE: a row of {{ s.name }}. Its {{ s.cols }} weights become bytes from embed_bytes on.
{{ s.name }}:
        ld hl,embed_bytes
{%- if s.ternary %}
        ld b,{{ s.looks }}
{{ s.name }}_look:
        ld a,(de)
        inc de
        push hl
        ld l,a
        ld h,digits_{{ s.digits }}/256
        ld a,(hl)                       ; four digits of two bits
        pop hl
{%- for i in range(end=s.digits) %}
        ld c,a
        and 3
        dec a
        ld (hl),a
        inc hl
        ld a,c
        rrca
        rrca
{%- endfor %}
        djnz {{ s.name }}_look
        ret
{%- else %}
        ld b,{{ s.cols % 256 }}
{{ s.name }}_clear:
        ld (hl),0
        inc hl
        djnz {{ s.name }}_clear
        ld a,{{ s.bits }}
{{ s.name }}_plane:
        push af
        ld hl,embed_bytes
{%- for g in s.groups %}
        ld a,(de)
        inc de
        and {{ g.mask }}
        ld b,{{ g.size }}
        call embed_group
{%- endfor %}
        pop af
        dec a
{%- if s.winding %}
        jp z,{{ s.name }}_planes
        push af
{%- for g in s.groups | reverse %}
        ld hl,embed_bytes+{{ g.from }}
        ld a,(de)
        inc de
        and {{ g.mask }}
        ld b,{{ g.size }}
        call embed_group
{%- endfor %}
        pop af
        dec a
{%- endif %}
        jp nz,{{ s.name }}_plane
{{ s.name }}_planes:
        ld b,{{ s.cols % 256 }}
        ld hl,embed_bytes
{{ s.name }}_sign:
        ld a,(hl)
        xor {{ s.sign }}
        sub {{ s.sign }}
        ld (hl),a
        inc hl
        djnz {{ s.name }}_sign
        ret
{%- endif %}
{% endmacro row %}

{% macro code(s) %}
; A: the place of a subset in its table. HL: B bytes, each of which takes one bit in.
embed_group:
        ld c,a
        srl a
        xor c                           ; Gray code
        ld c,a
embed_bit:
        rr c
        rl (hl)
        inc hl
        djnz embed_bit
        ret

; {{ s.dim }} bytes times C, through (rows_sink), to words at (rows_out)
embed_scale:
        ld hl,embed_bytes
        ld b,{{ s.dim % 256 }}
embed_next:
        ld a,(hl)
        inc hl
        push hl
        push bc
        ld e,a
        add a,a
        sbc a,a
        ld d,a
        ld hl,embed_back
        push hl
        ld hl,(rows_sink)
        jp (hl)
embed_back:
        pop bc
        pop hl
        djnz embed_next
        ret

; HL = HL + DE * BC, modulo 65536
index:
        ld a,16
index_bit:
        srl b
        rr c
        jr nc,index_past
        add hl,de
index_past:
        sla e
        rl d
        dec a
        jr nz,index_bit
        ret
{% endmacro code %}
