{%- import "column.S" as column -%}
{# The trigrams of the query, for every tile. #}
{% macro trigrams(s) %}
{%- for t in s.tiles %}
{{- self::trigrams_of(s=t) }}
{{- self::apply(s=s, t=t) }}
{%- endfor %}
{%- endmacro trigrams %}

{# The n-grams of the window, for every tile. #}
{% macro ngrams(s) %}
{%- for t in s.tiles %}
{{- self::ngrams_of(s=t) }}
{{- self::apply(s=s, t=t) }}
{%- endfor %}
{%- endmacro ngrams %}

{# h = h*31 in r24, modulo 256: 32 times without the bits that leave, less one. #}
{% macro times31_byte() %}
        mov r0, r24
        swap r24
        lsl r24
        andi r24, 0xE0
        sub r24, r0
{%- endmacro times31_byte %}

{# h = h*31 + the character at Y and so many, in r24 and r25, modulo 65536. #}
{% macro step_word(at) %}
        movw r30, r24
{%- for i in range(end=5) %}
        lsl r24
        rol r25
{%- endfor %}
        sub r24, r30
        sbc r25, r31
        ldd r18, Y+{{ at }}
        add r24, r18
        adc r25, r1
{%- endmacro step_word %}

{# h = h*31 + the character at Y and so many. #}
{% macro step(s, at) %}
{%- if s.wide_hash %}
{{- self::step_word(at=at) }}
{%- else %}
{{- self::times31_byte() }}
        ldd r18, Y+{{ at }}
        add r24, r18
{%- endif %}
{%- endmacro step %}

{# The hash in r24 (and r25) becomes a bucket and its column is added. #}
{% macro bucket(s) %}
{%- for m in s.multiples %}
        subi r24, lo8({{ m }})
        sbci r25, hi8({{ m }})
        brsh .+4
        subi r24, lo8(-({{ m }}))
        sbci r25, hi8(-({{ m }}))
{%- endfor %}
{%- if s.mask < 255 %}
        andi r24, {{ s.mask }}
{%- endif %}
{%- if s.mask_high < 255 %}
        andi r25, {{ s.mask_high }}
{%- endif %}
        rcall {{ s.name }}_apply
{%- endmacro bucket %}



{# One position of the window: its 1-gram, and as many longer ones as `grams` says. r9 and r8 hold the hash. #}
{% macro position(s, grams) %}
        movw r28, r14
        ld r24, Y
{%- if s.wide_hash %}
        clr r25
        add r24, r11
        adc r25, r12
{%- else %}
        add r24, r11
{%- endif %}
{%- for n in range(end=grams) %}
{%- if n > 0 %}
        movw r28, r14
        movw r24, r8
{{- self::step(s=s, at=n) }}
{%- endif %}
{%- if n < grams - 1 %}
        movw r8, r24
{%- endif %}
{{- self::bucket(s=s) }}
{%- endfor %}
        ldi r18, 217
        add r11, r18
{%- if s.wide_hash %}
        adc r12, r1
{%- endif %}
        ldi r18, 1
        add r14, r18
        adc r15, r1
{%- endmacro position %}

{% macro trigrams_of(s) %}
; Each trigram of " query ": h = (c0*31 + c1)*31 + c2.
        ldi r24, lo8(query_text)
        ldi r25, hi8(query_text)
        movw r14, r24
        lds r13, query_length
{%- if s.bands > 1 %}
; In band b, eight positions long, h starts with b*7, so that the first step gives b*217 more.
        clr r11
        clr r12
        ldi r18, 8
        mov r10, r18                    ; positions left in the band
{%- endif %}
{{ s.name }}_hash:
        movw r28, r14
        ld r24, Y
{%- if s.wide_hash %}
        clr r25
{%- endif %}
{%- if s.bands > 1 %}
        add r24, r11
{%- if s.wide_hash %}
        adc r25, r12
{%- endif %}
{%- endif %}
{{- self::step(s=s, at=1) }}
{{- self::step(s=s, at=2) }}
{{- self::bucket(s=s) }}
        ldi r18, 1
        add r14, r18
        adc r15, r1
{%- if s.bands > 1 %}
        dec r10
        brne {{ s.name }}_same
        ldi r18, {{ s.last_band }}
        cp r11, r18
        breq {{ s.name }}_same{# r10 is 0: 256 more positions, and a query has 127 #}           ; the last band has no end
        ldi r18, 217
        add r11, r18
        adc r12, r1
        ldi r18, 8
        mov r10, r18
{{ s.name }}_same:
{%- endif %}
        dec r13
        breq {{ s.name }}_done
        rjmp {{ s.name }}_hash
{%- endmacro trigrams_of %}

{% macro ngrams_of(s) %}
; n-grams of the window: position i starts with h = i*7, so that the first step gives i*217 + c.
        ldi r24, lo8(window)
        ldi r25, hi8(window)
        movw r14, r24
        clr r11
{%- if s.wide_hash %}
        clr r12
{%- endif %}
{%- if s.length > 2 %}
        ldi r18, {{ s.length - 2 }}
        mov r13, r18
{{ s.name }}_hash:
{{- self::position(s=s, grams=3) }}
        dec r13
        breq {{ s.name }}_ends
        rjmp {{ s.name }}_hash
{{ s.name }}_ends:
{%- else %}
{{ s.name }}_hash:
{%- endif %}
{%- if s.length > 1 %}
{{- self::position(s=s, grams=2) }}
{%- endif %}
{{- self::position(s=s, grams=1) }}
        rjmp {{ s.name }}_done
{%- endmacro ngrams_of %}

{# The subroutine that adds the column of a bucket. #}
{% macro apply(s, t) %}
; Adds the column of the bucket in r24{% if t.wide_table %} and r25{% endif %}.
{{ t.name }}_apply:
        mov r30, r24
{%- if t.wide_table %}
        mov r31, r25
{%- else %}
        ldi r31, 0
{%- endif %}
{%- if s.chip %}
{{- column::seek(s=s, at=t.chip_at, stride=t.stride, wide=t.wide_table) }}
{%- else %}
{{- column::column(s=s, table=t.table_at) }}
{%- endif %}
{%- if not s.counts %}
        ldi r24, {{ s.factor }}
        ldi r25, 0
{%- endif %}
{{- column::point(s=s, t=t) }}
{%- if s.code %}
        ijmp
{%- else %}
        {{ s.jump }} {{ s.kernel }}
{%- endif %}
{{ t.name }}_done:
{%- endmacro apply %}
