{#- What stands on top of a text for a program of the user's own. -#}
; For a program of your own, in assembly. This text has no start, no ORG and no END: include it behind your code.
;
;   net_start   call it once, before the others
;   net_begin   begins {% if keeps %}the next line of the conversation{% else %}a query{% endif %}
;   net_input   takes the next character of it, in A; one too many is nothing
{%- if called.labels %}
;   net_run     answers: carry clear, HL which label it is, from 0 on{% if called.margin %}, {{ called.labels }} where the network is not sure{% endif %}; carry set: there was
;               nothing to answer
{%- else %}
;   net_run     carry clear: A is the next character of the reply; carry set: the reply is over
{%- endif %}
{%- if keeps %}
;   net_reset   begins a new conversation
{%- endif %}
{%- if called.logits %}
;   net_logits  then has the {{ called.logits.count }} logits behind it, words of 16 bits with a sign, low bytes first
{%- endif %}
{%- if called.kept %}
;   net_logits  then has the {{ called.kept }} logits {% if called.labels %}of the labels{% else %}that its token was chosen by{% endif %}, words of 16 bits with a sign, low bytes first
{%- endif %}
{%- if enables and not called.rom %}
;   net_keep_di call it once where interrupts must stay off: they are switched on otherwise
{%- endif %}
;
; Each changes any register but IY, AF' and SP{% if enables %}, and switches interrupts off and on while it works{% endif %}. The network has a stack of its own, where handlers
; of interrupts find {{ called.stack }} bytes less what it uses itself, some 30; yours needs 8. It writes from bss up to memory_end{% if not called.rom %}, and into
; itself{% endif %}: see that this memory is there, and nobody's.{% if called.lowest_stack %} Below {{ called.lowest_stack }} the firmware cannot have a stack, so that memory begins there.{% endif %}
; {% if label_words %}labels has the addresses of the labels' texts, with a 0 behind each. {% endif %}Labels here are no secret: give yours a prefix that none of these has.
;
