{%- import "table.asm" as table -%}
{# h = h*31, in A, modulo 256. #}
{% macro times31_byte() %}
        ld b,a
        add a,a
        add a,a
        add a,a
        add a,a
        add a,a
        sub b
{%- endmacro times31_byte %}

{# h = h*31 + character at `at`, in HL, modulo 65536. #}
{% macro step_word(at) %}
        ld b,h
        ld c,l
        add hl,hl
        add hl,hl
        add hl,hl
        add hl,hl
        add hl,hl
        or a
        sbc hl,bc
        ld c,{{ at }}
        ld b,0
        add hl,bc
{%- endmacro step_word %}

{# The hash in A or HL becomes a bucket and its column is added. #}
{% macro bucket(s) %}
{%- if s.wide_hash %}
{%- for m in s.multiples %}
        ld bc,{{ m.negative }}{# 65536 - multiple #}   ; -{{ m.multiple }}
        add hl,bc
        jr c,$+4
        sbc hl,bc
{%- endfor %}
{%- if s.mask_high %}
        ld a,h
        and {{ s.mask_high }}
        ld h,a
{%- endif %}
{%- if not s.wide_table %}
        ld a,l
{%- endif %}
{%- elif s.mask < 255 %}
        and {{ s.mask }}
{%- endif %}
        call {{ s.name }}_apply
{%- endmacro bucket %}

{# The trigrams of the query; where some queries are counted in pieces, a subroutine does it. #}
{% macro trigrams(s) %}
{%- if s.factor %}
        ld e,{{ s.factor }}
{%- endif %}
        ld ix,query_text
        ld a,(query_length)
{%- if s.long %}
        call {{ s.name }}_count
        jp {{ s.name }}_done
; Counts the A trigrams from IX on.
{{ s.name }}_count:
{%- endif %}
        ld (net_count),a
; Each trigram of " query ": h = (c0*31 + c1)*31 + c2.
{%- if s.bands > 1 %}
; In band b, eight positions long, h starts with b*7, so that the first step gives net_seed = b*217 more.
        ld d,8                          ; positions left in the band
        ld hl,0
        ld (net_seed),hl
{%- endif %}
{{ s.name }}_hash:
{%- if s.wide_hash and s.bands > 1 %}
        ld hl,(net_seed)
        ld c,(ix+0)
        ld b,0
        add hl,bc
{{- self::step_word(at="(ix+1)") }}
{{- self::step_word(at="(ix+2)") }}
{%- elif s.wide_hash %}
        ld l,(ix+0)
        ld h,0
{{- self::step_word(at="(ix+1)") }}
{{- self::step_word(at="(ix+2)") }}
{%- else %}
{%- if s.bands > 1 %}
        ld a,(net_seed)
        add a,(ix+0)
{%- else %}
        ld a,(ix+0)
{%- endif %}
{{- self::times31_byte() }}
        add a,(ix+1)
{{- self::times31_byte() }}
        add a,(ix+2)
{%- endif %}
{{- self::bucket(s=s) }}
        inc ix
{%- if s.bands > 1 %}
        dec d
        jr nz,{{ s.name }}_same
        ld a,(net_seed)
        cp {{ s.last_band }}
        jr z,{{ s.name }}_same{# D is 0: 256 more positions, and a query has 127 #}             ; the last band has no end
{%- if s.wide_hash %}
        ld hl,(net_seed)
        ld bc,217
        add hl,bc
        ld (net_seed),hl
{%- else %}
        add a,217
        ld (net_seed),a
{%- endif %}
        ld d,8
{{ s.name }}_same:
{%- endif %}
        ld hl,net_count
        dec (hl)
        jp nz,{{ s.name }}_hash
{%- if s.long %}
        ret
{%- else %}
        jp {{ s.name }}_done
{%- endif %}
{%- endmacro trigrams %}

{# One position of the window: its 1-gram, and as many longer ones as `grams` says. #}
{% macro position(s, grams) %}
{%- if s.wide_hash %}
        ld hl,(net_seed)
        ld c,(ix+0)
        ld b,0
        add hl,bc
        ld (net_hash),hl
{{- self::bucket(s=s) }}
{%- if grams > 1 %}
        ld hl,(net_hash)
{{- self::step_word(at="(ix+1)") }}
{%- if grams > 2 %}
        ld (net_hash),hl
{%- endif %}
{{- self::bucket(s=s) }}
{%- endif %}
{%- if grams > 2 %}
        ld hl,(net_hash)
{{- self::step_word(at="(ix+2)") }}
{{- self::bucket(s=s) }}
{%- endif %}
        ld hl,(net_seed)
        ld bc,217
        add hl,bc
        ld (net_seed),hl
{%- else %}
        ld a,(net_seed)
        add a,(ix+0)
        ld d,a
{{- self::bucket(s=s) }}
{%- if grams > 1 %}
        ld a,d
{{- self::times31_byte() }}
        add a,(ix+1)
        ld d,a
{{- self::bucket(s=s) }}
{%- endif %}
{%- if grams > 2 %}
{%- if s.known %}
{{ s.name }}_third:
{%- endif %}
        ld a,d
{{- self::times31_byte() }}
        add a,(ix+2)
{{- self::bucket(s=s) }}
{%- endif %}
        ld a,(net_seed)
        add a,217
        ld (net_seed),a
{%- endif %}
        inc ix
{%- endmacro position %}

{# The n-grams of the window. #}
{% macro ngrams(s) %}
{%- if s.factor %}
        ld e,{{ s.factor }}
{%- endif %}
        ld ix,window
; n-grams of the window: position i starts with h = i*7, so that the first step gives i*217 + c.
{%- if s.wide_hash %}
        ld hl,0
        ld (net_seed),hl
{%- else %}
        xor a
        ld (net_seed),a
{%- endif %}
{%- if s.length > 2 %}
{%- if s.wide_hash %}
        ld a,{{ s.length - 2 }}
        ld (net_count),a
{%- endif %}
{{ s.name }}_hash:
{{- self::position(s=s, grams=3) }}
{%- if s.wide_hash %}
        ld hl,net_count
        dec (hl)
{%- else %}
        cp {{ s.last_seed }}                           ; 217 times a position is another value for each modulo 256
{%- endif %}
        jp nz,{{ s.name }}_hash
{%- else %}
{{ s.name }}_hash:
{%- endif %}
{%- if s.length > 1 %}
{{- self::position(s=s, grams=2) }}
{%- endif %}
{{- self::position(s=s, grams=1) }}
        jp {{ s.name }}_done
{%- endmacro ngrams %}

{# The subroutine that adds the column of a bucket. #}
{% macro apply(s) %}
{%- if s.switches %}
{{ table::switch(s=s) }}
{%- endif %}
; Adds the column of bucket {% if s.wide_table %}HL{% else %}A{% endif %}.
{{ s.name }}_apply:
{%- if s.wide_table %}
        add hl,hl
        ld bc,{{ s.name }}_table
        add hl,bc
        ld c,(hl)
        inc hl
{{- table::high(s=s) }}
{%- else %}
        ld l,a
{{- table::column(s=s, g=s.segments[0]) }}
{%- endif %}
{{- s.apply }}
{{ s.name }}_next:
{%- if s.lists %}
        ld sp,stack_top-{{ s.depth }}
{{ s.name }}_ei:
        ei
{%- endif %}
        ret
{{ s.name }}_done:
{%- endmacro apply %}
