{# Rounds and shifts right, as `sh` says: r{lo} on, `bytes` of them, the lowest first, all of r16 to r31. The result begins
   at r{lo + sh.first}. Where `sh.left` is not 0 the register behind the highest changes too: six or seven shifts right are
   two or one left. #}
{% macro round_shift(lo, bytes, sh) %}
{%- if sh.shift > 0 %}
        subi r{{ lo + sh.at }}, {{ sh.less }}
{%- for i in range(start=sh.at + 1, end=bytes) %}
        sbci r{{ lo + i }}, 0xFF
{%- endfor %}
{%- endif %}
{%- if sh.left > 0 %}
        mov r{{ lo + bytes }}, r{{ lo + bytes - 1 }}
        lsl r{{ lo + bytes }}
        sbc r{{ lo + bytes }}, r{{ lo + bytes }}
{%- for bit in range(end=sh.left) %}
        lsl r{{ lo + sh.drop }}
{%- for i in range(start=sh.drop + 1, end=bytes + 1) %}
        rol r{{ lo + i }}
{%- endfor %}
{%- endfor %}
{%- else %}
{%- for bit in range(end=sh.bits) %}
        asr r{{ lo + bytes - 1 }}
{%- for i in range(end=bytes - 1 - sh.drop) %}
        ror r{{ lo + bytes - 2 - i }}
{%- endfor %}
{%- endfor %}
{%- endif %}
{%- endmacro round_shift %}

{# r20 on: r17:r16 times the mantissa in r19, `bytes` of it. r2 is 0. #}
{% macro scaled(bytes) %}
        mul r16, r19
        movw r20, r0
        mulsu r17, r19
{%- if bytes == 4 %}
        sbc r23, r23                    ; the sign, from the carry
{%- endif %}
        mov r22, r1
        add r21, r0
        adc r22, r2
{%- if bytes == 4 %}
        adc r23, r2
{%- endif %}
{%- endmacro scaled %}

{# Saturates `count` bytes from r{lo} on to one: 4 cycles and one for each byte above the first. Changes r{temp}. #}
{% macro sat8(lo, count, temp, label) %}
{%- if count > 1 %}
        mov r{{ temp }}, r{{ lo }}
        lsl r{{ temp }}
        sbc r{{ temp }}, r{{ temp }}
        cp r{{ lo + 1 }}, r{{ temp }}
{%- for i in range(start=2, end=count) %}
        cpc r{{ lo + i }}, r{{ temp }}
{%- endfor %}
        breq {{ label }}
        ldi r{{ lo }}, 0x7F
        sbrc r{{ lo + count - 1 }}, 7
        ldi r{{ lo }}, 0x80
{{ label }}:
{%- endif %}
{%- endmacro sat8 %}

{# Saturates `count` bytes from r{lo} on to two. Changes r{temp}. One byte gets its sign. #}
{% macro sat16(lo, count, temp, label) %}
{%- if count == 1 %}
        mov r{{ lo + 1 }}, r{{ lo }}
        lsl r{{ lo + 1 }}
        sbc r{{ lo + 1 }}, r{{ lo + 1 }}
{%- endif %}
{%- if count > 2 %}
        mov r{{ temp }}, r{{ lo + 1 }}
        lsl r{{ temp }}
        sbc r{{ temp }}, r{{ temp }}
        cp r{{ lo + 2 }}, r{{ temp }}
{%- for i in range(start=3, end=count) %}
        cpc r{{ lo + i }}, r{{ temp }}
{%- endfor %}
        breq {{ label }}
        ldi r{{ lo }}, 0xFF
        ldi r{{ lo + 1 }}, 0x7F
        sbrs r{{ lo + count - 1 }}, 7
        rjmp {{ label }}
        ldi r{{ lo }}, 0x00
        ldi r{{ lo + 1 }}, 0x80
{{ label }}:
{%- endif %}
{%- endmacro sat16 %}

{# Behind an addition of 16 bits to r{lo}: saturates. #}
{% macro sat_sum(lo, label) %}
        brvc {{ label }}
        ldi r{{ lo }}, 0xFF             ; the sign is wrong: too large
        sbrs r{{ lo + 1 }}, 7
        ldi r{{ lo }}, 0x00
        ldi r{{ lo + 1 }}, 0x7F
        sbrs r{{ lo }}, 0
        ldi r{{ lo + 1 }}, 0x80
{{ label }}:
{%- endmacro sat_sum %}
