{# What tokens cost behind those that were read last: an n-gram prior. Its data: for each token the place of its list, lists of a
   token before and the place of a row (token 0xFFFF is any), rows. Places count from the start of the data. #}
{% macro find(s) %}
; ---- net_prior_find: net_prior_at: the costs behind the tokens that were read last. Changes r18 to r21, Z ----
net_prior_find:
        lds r30, net_last
        lds r31, net_last+1
        lsl r30
        rol r31
        rcall net_prior_place
        lpm r18, Z+
        lpm r19, Z
        movw r30, r18
        rcall net_prior_place
        lds r18, net_before
        lds r19, net_before+1
net_prior_next:
        lpm r20, Z+
        lpm r21, Z+
        cp r20, r18
        cpc r21, r19
        breq net_prior_found
        and r20, r21
        cpi r20, 0xFF
        breq net_prior_found            ; any
        adiw r30, 2
        rjmp net_prior_next
net_prior_found:
        lpm r18, Z+
        lpm r19, Z
        movw r30, r18
        rcall net_prior_place
        sts net_prior_at, r30
        sts net_prior_at+1, r31
        ret

net_prior_place:
        subi r30, lo8(-(net_prior))
        sbci r31, hi8(-(net_prior))
        ret
{%- endmacro find %}

{# r17:r16: a logit, from which its token's cost is subtracted; it saturates. `s.prior`: bits that costs are shifted by; r2: 0.
   Changes r18 to r21. #}
{% macro cost(s) %}
        movw r18, r30
        lds r30, net_prior_at
        lds r31, net_prior_at+1
        lpm r20, Z+
        sts net_prior_at, r30
        sts net_prior_at+1, r31
        movw r30, r18
        mov r21, r2
{%- for bit in range(end=s.prior) %}
        lsl r20
        rol r21
{%- endfor %}
        sub r16, r20
        sbc r17, r21
        brvc {{ s.name }}_cost_fits
        ldi r16, 0x00
        ldi r17, 0x80
{{ s.name }}_cost_fits:
{%- endmacro cost %}
