{#- What stands on top of a text for a program of the user's own. -#}
{%- set c = library.name -%}
; For a program in C, or in assembly that calls as avr-gcc does:
;
;     void {{ c }}_start(void);          call it once, before the others
;     void {{ c }}_begin(void);          begins {% if keeps %}the next line of the conversation{% else %}a query{% endif %}
;     void {{ c }}_input(char c);        takes the next character of it; one too many is nothing
{%- if called.labels %}
;     int {{ c }}_run(void);             answers: which label it is, from 0 on{% if called.margin %}, {{ called.labels }} if the network is not sure{% endif %};
;                                        -1: there was nothing to answer
{%- else %}
;     int {{ c }}_run(void);             the next character of the reply, 0 to 255; -1: the reply is over
{%- endif %}
{%- if keeps %}
;     void {{ c }}_reset(void);          begins a new conversation
{%- endif %}
{%- if called.logits %}
;     extern int16_t {{ c }}_logits[{{ called.logits.count }}];   then has the logits behind it
{%- elif called.kept %}
;     extern int16_t {{ c }}_logits[{{ called.kept }}];   then has the logits {% if called.labels %}of the labels{% else %}that its token was chosen by{% endif %}
{%- endif %}
;
; In this text they are net_start, net_begin, net_input, net_run{% if keeps %}, net_reset{% endif %}{% if called.logits or called.kept %}, net_logits{% endif %}. They keep what avr-gcc wants kept, and leave
; interrupts as they are: a handler of C may come at any instruction. A call takes up to 48 bytes of stack. Memory is their own:
; .bss, from the start of a page on, and .noinit. Give avr-gcc this file first: then less of RAM is lost before that page.
