; ---- the network -----------------------------------------------------------
{{ query }}

; Answers the query by calls of emit. Called with SP at stack_top.
net_answer:
{%- for stage in stages_once %}

{{ stage }}
{%- endfor %}
{%- if chat %}
{{- begin }}

net_step:
{%- for stage in stages_in_loop %}

{{ stage }}
{%- endfor %}
{%- endif %}
