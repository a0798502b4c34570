{#- The stream of a recursive network: words. -#}
{% macro code(s) %}
; The embedding is put aside, and the stream begins with values of its own.
begin:
        ld hl,latent
        ld de,embedded
        ld bc,{{ 2 * s.dim }}
        ldir
        ld hl,start_values
        ld de,latent
        ld bc,{{ 2 * s.dim }}
        ldir
        ret

; The embedding is added to the stream.
again:
        ld hl,latent
        ld (rows_out),hl
        ld hl,embedded
        ld a,{{ s.dim % 256 }}
again_next:
        push af
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        push hl
        ex de,hl
        call add16
        pop hl
        pop af
        dec a
        jr nz,again_next
        ret
{% endmacro code %}

{% macro caches(s) %}
; HL = HL + the keys' cache of this round; HL = HL + the values'.
round_key:
        ld de,(round_keys)
        add hl,de
        ret
round_value:
        ld de,(round_values)
        add hl,de
        ret
{% endmacro caches %}
