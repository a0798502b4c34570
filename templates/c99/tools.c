/* ---- tools ---------------------------------------------------------------*/
{%- if tools.digits %}

/* Lets a token wait, if there is room for it. */
static void wait_for({{ name }}_net *net, token t)
{
    if (net->waiting < {{ most }}u - net->taken)
        net->tokens[net->waiting++] = t;
}

/* Puts the digits of a number into `piece`, and lets their tokens wait. Returns how many they are. */
static int read_out({{ name }}_net *net, uint16_t value, char *piece)
{
    uint16_t power = 10000;
    int size = 0;
    for (; power > 0; power = (uint16_t)(power / 10)) {
        uint8_t digit = (uint8_t)(value / power % 10);
        if (digit > 0 || size > 0 || power == 1) {
            piece[size++] = (char)('0' + digit);
            wait_for(net, TOKEN_AT({{ tools.digits }} + digit));
        }
    }
    return size;
}
{%- endif %}

/* Does what a token names. Returns how many bytes of it are to be printed. */
static int act({{ name }}_net *net, token t, char *piece)
{
{%- for tool in tools.tools %}
    if (t == {{ tool.token }}u) { /* {{ tool.name }} */
{%- if tool.reads %}
        int size = read_out(net, {{ name }}_read({{ tool.number }}), piece);
{%- if tool.close.size %}
        uint8_t i;
        for (i = 0; i < {{ tool.close.size }}; i++)
            wait_for(net, TOKEN_AT({{ tool.close.name }} + i));
{%- endif %}
        return size;
{%- else %}
        {{ name }}_switch({{ tool.number }}, {% if tool.on %}1{% else %}0{% endif %});
        return 0;
{%- endif %}
    }
{%- endfor %}
    (void)net;
    (void)piece;
    return 0;
}
