; A console without a device: the query lies in RAM, each character of the reply goes to GPIOR0.
{%- if remembers %}
        {{ call }} net_start
{%- endif %}
{%- if is_beside %}
        {{ call }} net_flash_open
        tst r24
        brne stop
{%- endif %}
        ldi r26, lo8(typed)
        ldi r27, hi8(typed)
        lds r24, typed_length
query_taken:
        {{ call }} set_query
        breq stop
        {{ call }} net_answer
answered:
; ----
emit:
        out marker, r24
        ret
        .section .bss
typed:  .skip 128
typed_length: .skip 1
