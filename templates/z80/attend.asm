{#- Scores of one head's query with every key, weights, the mean of the values. -#}
{% macro code(s) %}
; HL: the queries of all heads, {{ s.size }} bytes each. (attend_keys), (attend_values): the first caches; (attend_weigh).
; To bytes at (attend_out).
attend_heads:
        ld b,{{ s.shared }}
attend_shared:
        push bc
        ld b,{{ s.group }}
attend_head:
        push bc
        push hl
        call attend
        ld hl,(rows_out)                ; behind what this head gave
        ld (attend_out),hl
        pop hl
        ld de,{{ s.size }}
        add hl,de
        pop bc
        djnz attend_head
        push hl
        ld hl,(attend_keys)
        ld de,{{ s.key_bytes }}
        add hl,de
        ld (attend_keys),hl
        ld hl,(attend_values)
        ld de,{{ s.value_bytes }}
        add hl,de
        ld (attend_values),hl
        pop hl
        pop bc
        djnz attend_shared
        ret

; HL: the query's {{ s.size }} bytes. (attend_keys), (attend_values): the head's; (attend_weigh): shift and table of the
; layer. To bytes at (attend_out).
attend:
{%- if s.near %}
        push hl                         ; magnitudes of at most 254 together: no score is above 254 * 128
        ld de,{{ s.rows }}
        ld b,{{ s.size }}
        ld c,0
attend_magnitude:
        ld a,(hl)
        inc hl
        or a
        jp p,attend_positive
        neg
attend_positive:
        add a,c
        jr c,attend_far
        ld c,a
        djnz attend_magnitude
        inc a
        jr z,attend_far
        ld de,{{ s.near }}
attend_far:
        ld (attend_rows),de
        pop hl
{%- endif %}
        call {{ s.tables }}
        ld hl,scores
        ld (rows_out),hl
        ld a,(kept)
        ld (rows_left),a
        ld hl,0
        ld (score_most),hl
        xor a                           ; the least: all have the upper bit flipped
        ld (score_most+2),a
{%- if s.near %}
        ld hl,attend_scored
        push hl
        ld hl,(attend_rows)
        push hl
        ld hl,(attend_keys)
        ret
attend_scored:
{%- else %}
        ld hl,(attend_keys)
        call {{ s.rows }}
{%- endif %}
        ld hl,0
        ld (attend_sum),hl
        ld hl,scores
        ld de,weights
        ld a,(kept)
        ld b,a
        ld ix,(attend_weigh)
        jp (ix)
{{- self::mix(s=s) }}

{%- if s.short %}
; a score: DE
score:
score_near:
        ld hl,(rows_out)
        ld (hl),e
        inc hl
        ld a,d
        xor 80h
        ld d,a
        ld (hl),a
        inc hl
        ld (rows_out),hl
        ld hl,(score_most)
        or a
        sbc hl,de
        jp nc,{{ s.rows }}_next
        ld (score_most),de
        jp {{ s.rows }}_next
{%- elif s.narrow %}
score:
{{- self::score(label="score_near", rows=s.rows, extends=true) }}
{%- else %}
{{- self::score(label="score", rows=s.rows, extends=false) }}
{{- self::score(label="score_near", rows=s.near, extends=true) }}
{%- endif %}
{% endmacro code %}

{% macro score(label, rows, extends) %}
; a score: {% if extends %}DE{% else %}A:DE{% endif %}
{{ label }}:
{%- if extends %}
        ld a,d
        add a,a
        sbc a,a
{%- endif %}
        ld hl,(rows_out)
        ld (hl),e
        inc hl
        ld (hl),d
        inc hl
        xor 80h
        ld (hl),a
        inc hl
        ld (rows_out),hl
        ld hl,(score_most)
        ld c,a
        or a
        sbc hl,de
        ld hl,score_most+2
        ld a,(hl)
        sbc a,c
        jp nc,{{ rows }}_next
        ld (hl),c
        ld (score_most),de
        jp {{ rows }}_next
{% endmacro score %}

{% macro weigh(s) %}
; HL: B scores. DE: their weights. Differences are divided by 2^{{ s.shift }}.
{{ s.name }}:
{%- if s.short %}
{%- if s.shift > 0 %}
        ld a,(score_most)               ; half of the divisor, once for all
        add a,{{ s.half_low }}
        ld (score_most),a
        ld a,(score_most+1)
        adc a,0
        ld (score_most+1),a
{%- endif %}
{{ s.name }}_next:
        push de
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ld hl,(score_most)
        xor a
        sbc hl,de                       ; most - score
{%- if s.shift < 8 %}
{%- for i in range(end=8 - s.shift) %}
        add hl,hl
        adc a,a
{%- endfor %}
        or a
        jr z,{{ s.name }}_near
        ld h,255
{%- endif %}
{%- else %}
{%- if s.shift > 0 %}
        push hl                         ; half of the divisor, once for all
        ld hl,score_most
        ld a,(hl)
        add a,{{ s.half_low }}
        ld (hl),a
        inc hl
        ld a,(hl)
        adc a,{{ s.half_middle }}
        ld (hl),a
        inc hl
        ld a,(hl)
        adc a,{{ s.half_high }}
        ld (hl),a
        pop hl
{%- endif %}
{{ s.name }}_next:
        push de
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        ld c,(hl)
        inc hl
        push hl
        ld hl,(score_most)
        or a
        sbc hl,de
        ld a,(score_most+2)
        sbc a,c                         ; A:HL = most - score
{%- if s.shift < 8 %}
        jr nz,{{ s.name }}_far
{%- for i in range(end=8 - s.shift) %}
        add hl,hl
        adc a,a
{%- endfor %}
{%- else %}
{%- for i in range(end=s.shift - 8) %}
        srl a
        rr h
{%- endfor %}
        or a
{%- endif %}
        jr z,{{ s.name }}_near
{{ s.name }}_far:
        ld h,255
{%- endif %}
{{ s.name }}_near:
        ld l,h
        ld h,{{ s.page }}
        ld a,(hl)
        ld hl,attend_sum
        ld c,a
        add a,(hl)
        ld (hl),a
        inc hl
        jr nc,{{ s.name }}_carry
        inc (hl)
{{ s.name }}_carry:
        pop hl
        pop de
        ld a,c
        ld (de),a
        inc de
        djnz {{ s.name }}_next
        jp attend_mix
{% endmacro weigh %}

{% macro reciprocal(s) %}
; The sum of weights, shifted to 8 bits, gives the reciprocal; sums are shifted the other way by what is left of eight.
        ld hl,(attend_sum)
        ld b,8
        ld a,h
attend_norm:
        or a
        jr z,attend_normal
        srl a
        rr l
        dec b
        jr attend_norm
attend_normal:
        ld h,reciprocals/256
        ld c,(hl)
        ld (attend_scale),bc
        ld hl,(attend_out)
        ld (rows_out),hl
{%- endmacro reciprocal %}

{#- As a product: inputs are the weights, rows are the elements of the values, in bit planes over positions. -#}
{% macro mix(s) %}
attend_mix:
{{- self::reciprocal(s=s) }}
        ld hl,weights
        ld (fill_from),hl
        ld hl,mix_tables+{{ s.mix_pages * 512 }}
        ld (fill_to),hl
        ld hl,mix_tables+{{ s.mix_pages * 256 }}
        ld (fill_low),hl
        ld a,(kept)
        add a,3
        rrca
        rrca
        and 63
        call fill_u4                    ; the other tables are 0
        ld hl,mix_sink
        ld (rows_sink),hl
        ld a,{{ s.size }}
        ld (rows_left),a
        ld hl,(attend_values)
{%- if s.mix_parts %}
        ld a,(kept)
{%- for p in s.mix_parts %}
        cp {{ p.behind }}
        jp c,{{ p.rows }}
{%- endfor %}
{%- endif %}
        jp {{ s.mix_rows }}
mix_sink:
        ex de,hl
        ld bc,(attend_scale)
        inc b
        jr attend_count
attend_up:
        add hl,hl
        adc a,a
attend_count:
        djnz attend_up
        ld e,h                          ; without the low byte first
        ld d,a
        push hl
        call multiply_long
        ld b,a
        ld a,h
        add a,40h                       ; half of 2^15
        ld h,a
        jr nc,mix_carry
        inc b
mix_carry:
        and 7Fh
        cp 7Fh
        jr z,mix_exact                  ; what the low byte adds, up to 254, may reach the result
        pop de
        ld a,h
        add a,a
        ld a,b
        adc a,a
        jp po,store8
        ld a,127                        ; carry: the sign
        adc a,0
        jp store8
mix_exact:
        pop hl
        ld a,d
        ld d,e
        ld e,l
        call multiply_wide
        jp {{ s.tail }}
{% endmacro mix %}
