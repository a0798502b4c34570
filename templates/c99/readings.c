void {{ name }}_begin({{ name }}_net *net)
{
    net->taken = 0;
    net->state = 0;
    net->behind = 0;
    net->reading = 0;
{%- if rows %}
    net->next = 0;
{%- for fill in rows.fills %}
    memset(net->values + {{ fill.at }}u, {{ fill.byte }}, {{ fill.size }}u);
{%- endfor %}
{%- for step in rows.gathering %}
    net->rows[{{ loop.index0 }}] = 0;
    begin_sums(net, &{{ step.name }}, {{ step.sums }}u);
{%- endfor %}
{%- endif %}
{%- if input.fill %}
    memset(net->values + {{ input.at }}u, {{ input.byte }}, {{ input.fill }}u);
{%- endif %}
}

void {{ name }}_value({{ name }}_net *net, int value)
{
    uint16_t i = net->taken;
    if (i >= {{ inputs }}u)
        return;
    net->values[{{ input.first }}u{% if rows %} + i % {{ input.row }}u{% elif input.fill %} + i / {{ input.row }}u * {{ input.pitch }}u + i % {{ input.row }}u{% else %} + i{% endif %}] = (uint8_t)(value + 128);
    net->taken++;
{%- if rows %}
    if (net->taken % {{ input.row }}u == 0)
        play(net);
{%- endif %}
}

void {{ name }}_reading({{ name }}_net *net, int32_t reading)
{
{%- if ranks %}
    uint16_t i, taken = net->taken;
{%- if ranks.goes_on %}
    int above;
    do {
        above = 0;
        if (taken >= {{ inputs }}u)
            return;
        for (i = taken ? WORD_AT({{ ranks.ends }} + taken - 1) : 0; i < WORD_AT({{ ranks.ends }} + taken); i++)
            above += reading > (int32_t)LONG_AT({{ ranks.thresholds }} + i);
        {{ name }}_value(net, above - 128);
        taken++;
    } while (BYTE_AT({{ ranks.goes_on }} + taken - 1));
{%- else %}
    int above = 0;
    if (taken >= {{ inputs }}u)
        return;
    for (i = taken ? WORD_AT({{ ranks.ends }} + taken - 1) : 0; i < WORD_AT({{ ranks.ends }} + taken); i++)
        above += reading > (int32_t)LONG_AT({{ ranks.thresholds }} + i);
    {{ name }}_value(net, above - 128);
{%- endif %}
{%- else %}
    int64_t value;
    if (net->taken >= {{ inputs }}u)
        return;
    value = at_line(scaling{% if scaling | length > 1 %} + net->taken{% endif %}, reading);
    {{ name }}_value(net, value < -128 ? -128 : value > 127 ? 127 : (int)value);
{%- endif %}
}

enum { NUMBER = 1, NEGATIVE = 2, VALUES = 4, POINT = 8, STARTED = 16, OTHER = 32, DIGIT = 64 };

static void more({{ name }}_net *net, int digit)
{
    int32_t reading = net->reading * 10 + digit;
    net->reading = reading > 8388607 ? 8388607 : reading;
}

static void number({{ name }}_net *net)
{
    int32_t x;
    if (!(net->state & DIGIT) || net->taken >= {{ inputs }}u) {
        net->state |= OTHER;
        return;
    }
{%- if decimals > 0 %}
    if (!(net->state & VALUES))
        for (; net->behind < {{ decimals }}; net->behind++)
            more(net, 0);
{%- endif %}
    x = net->state & NEGATIVE ? -net->reading : net->reading;
    if (net->state & VALUES)
        {{ name }}_value(net, x < -128 ? -128 : x > 127 ? 127 : (int)x);
    else
        {{ name }}_reading(net, x);
    net->state &= VALUES | STARTED | OTHER;
    net->reading = 0;
    net->behind = 0;
}

void {{ name }}_character({{ name }}_net *net, char c)
{
    if (!(net->state & STARTED)) {
        net->state |= STARTED;
        if (c == '#') {
            net->state |= VALUES;
            return;
        }
    }
    if (c == '-') {
        if (net->state & NUMBER)
            net->state |= OTHER;
        else
            net->state |= NUMBER | NEGATIVE;
    } else if (c == '.') {
        if (net->state & (VALUES | POINT))
            net->state |= OTHER;
        else
            net->state |= NUMBER | POINT;
    } else if (c >= '0' && c <= '9') {
        net->state |= NUMBER | DIGIT;
        if (net->state & POINT) {
{%- if decimals > 0 %}
            if (net->behind >= {{ decimals }})
                return;
            net->behind++;
{%- else %}
            return;
{%- endif %}
        }
        more(net, c - '0');
    } else if (c != ' ' && c != '\t' && c != ',' && c != ';') {
        net->state |= OTHER;
    } else if (net->state & NUMBER) {
        number(net);
    }
}

int {{ name }}_end({{ name }}_net *net)
{
    if (!(net->state & STARTED))
        return 0;
    if (net->state & NUMBER)
        number(net);
    return net->taken == {{ inputs }}u && !(net->state & OTHER) ? 1 : -1;
}
