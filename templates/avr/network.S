; ---- the network ---------------------------------------------------------------
{{ query }}

{%- if chat %}

; Answers the query: calls emit with each character of the reply in r24. emit may change any register but r1.
{%- else %}

; Answers the query: the index of its label is in r24, and in r25 what is above 255.
{%- endif %}
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
