/* The character that `size` bytes are, among those with a token; {{ tokenizer.characters }} if it is not. */
static size_t find_character(const uint8_t *text, size_t size)
{
    uint32_t key = 0;
    size_t from = 0, to = {{ tokenizer.characters }}, i;
    if (size > 1 && text[0] == 0)
        return to;
    for (i = 0; i < size; i++)
        key = key << 8 | text[i];
    while (from < to) {
        size_t middle = (from + to) / 2;
        uint32_t found = {{ tokenizer.keys_at }}({{ tokenizer.keys }} + middle);
        if (found == key)
            return middle;
        if (found < key)
            from = middle + 1;
        else
            to = middle;
    }
    return {{ tokenizer.characters }};
}

{%- if turns %}
{%- if turns.after.size or turns.before.size or turns.start.size or turns.close.size %}

/* Puts tokens of flash in front of a place among those that wait. Returns where they begin. */
static size_t put_front({{ name }}_net *net, size_t at, const token *from, size_t size)
{
    while (size > 0)
        net->tokens[--at] = TOKEN_AT(from + --size);
    return at;
}
{%- endif %}

static void forget_all({{ name }}_net *net)
{
    net->taken = 0;
{%- if choice.penalty %}
    net->recent_next = 0;
    net->recent_count = 0;
{%- endif %}
}

/* Frames a line, whose tokens begin at {{ turns.lead }} and end at `end`. */
static void frame({{ name }}_net *net, size_t end)
{
    size_t at = {{ turns.lead }};
    net->waiting = 0;
    if (end == at)
        return;
{%- if turns.after.size %}
    put_front(net, end + {{ turns.after.size }}, {{ turns.after.name }}, {{ turns.after.size }});
    end += {{ turns.after.size }};
{%- endif %}
{%- if turns.keeps %}
    if (net->taken > 0 && (uint32_t)net->taken + (end - at) + {{ turns.before.size + turns.close.size }} > {{ turns.room }}u)
        forget_all(net);
{%- else %}
    forget_all(net);
{%- endif %}
{%- if turns.before.size %}
    at = put_front(net, at, {{ turns.before.name }}, {{ turns.before.size }});
{%- endif %}
{%- if turns.start.size %}
    if (net->taken == 0)
        at = put_front(net, at, {{ turns.start.name }}, {{ turns.start.size }});
{%- endif %}
{%- if turns.close.size %}
    if (net->taken > 0)
        at = put_front(net, at, {{ turns.close.name }}, {{ turns.close.size }});
{%- endif %}
    net->next = (uint16_t)at;
    net->waiting = (uint16_t)(end - at < {{ most }}u - net->taken ? end - at : {{ most }}u - net->taken);
}
{%- if turns.keeps %}

void {{ name }}_clear({{ name }}_net *net)
{
    net->waiting = 0;
    forget_all(net);
}

/* Whether a line is "/clear", in small or capital letters. */
static int is_clear(const char *text, size_t length)
{
    return length == 6 && text[0] == '/' && (text[1] | 32) == 'c' && (text[2] | 32) == 'l' && (text[3] | 32) == 'e'
        && (text[4] | 32) == 'a' && (text[5] | 32) == 'r';
}
{%- endif %}
{%- endif %}

/* Makes tokens of a prepared text, which lies at the end of their room: there are never more of them than bytes that
 * were read.{% if tokenizer.fallback == "refuse" %} Returns 0 where a character has no token, which is no more in the source then.{% endif %} */
static int encode({{ name }}_net *net, const uint8_t *text, size_t length)
{
    size_t at = 0, count = {% if turns %}{{ turns.lead }}{% else %}0{% endif %};
{%- if tokenizer.cut %}
    size_t mark = 0;
{%- endif %}
{%- if tokenizer.bos or tokenizer.bos == 0 %}
    net->tokens[count++] = {{ tokenizer.bos }};
{%- endif %}
    while (at < length) {
{%- if tokenizer.merges %}
        size_t first = count;
{%- endif %}
{%- if tokenizer.fuse %}
        int was_unknown = 0;
{%- endif %}
{%- if tokenizer.cut %}
        size_t end = word_end(text, length, at, &mark);
{%- else %}
        size_t end = length;
{%- endif %}
        while (at < end) {
            uint8_t character[4];
            size_t size = 0, found;
            do {
                character[size] = text[at];
                size++;
                at++;
            } while ({% if tokenizer.by_byte %}0{% else %}size < 4 && at < end && (text[at] & 0xC0) == 0x80{% endif %});
            found = find_character(character, size);
            if (found < {{ tokenizer.characters }}) {
                net->tokens[count++] = TOKEN_AT({{ tokenizer.ids }} + found);
{%- if tokenizer.fuse %}
                was_unknown = 0;
{%- endif %}
                continue;
            }
{%- if tokenizer.fallback == "bytes" %}
            for (found = 0; found < size; found++)
{%- if tokenizer.byte_ids %}
                net->tokens[count++] = TOKEN_AT({{ tokenizer.byte_ids }} + character[found]);
{%- else %}
                net->tokens[count++] = (token)({{ tokenizer.first_byte }}u + character[found]);
{%- endif %}
{%- elif tokenizer.fallback == "unknown" %}
{%- if tokenizer.fuse %}
            if (!was_unknown)
                net->tokens[count++] = {{ tokenizer.unknown }};
            was_unknown = 1;
{%- else %}
            net->tokens[count++] = {{ tokenizer.unknown }};
{%- endif %}
{%- else %}
            forget(net, character, size);
            return 0;
{%- endif %}
        }
{%- if tokenizer.merges %}
        count = merge(net, first, count);
{%- endif %}
    }
{%- if tokenizer.eos or tokenizer.eos == 0 %}
    net->tokens[count++] = {{ tokenizer.eos }};
{%- endif %}
{%- if turns %}
    frame(net, count);
{%- else %}
    net->waiting = (uint16_t)(count < {{ most }}u ? count : {{ most }}u);
    net->next = 0;
    net->taken = 0;
{%- if choice.penalty %}
    net->recent_next = 0;
    net->recent_count = 0;
{%- endif %}
{%- endif %}
    return 1;
}

int {{ name }}_begin({{ name }}_net *net, const char *text, size_t length)
{
    uint8_t *prepared = (uint8_t *)net->tokens + (sizeof net->tokens - {{ tokenizer.text }});
    size_t i;
{%- if beam %}
    net->said = 0;
{%- endif %}
{%- if turns and turns.keeps %}
    if (is_clear(text, length)) {
        {{ name }}_clear(net);
        return 0;
    }
{%- endif %}
    if (length > {{ max_query }})
        length = {{ max_query }};
{%- if tokenizer.fallback == "refuse" %}
    for (i = 0; i < length; i++)
        net->source[i] = (uint8_t)text[i];
    net->source_size = (uint16_t)length;
    do {
        length = net->source_size;
        for (i = 0; i < length; i++)
            prepared[i] = net->source[i];
{%- if tokenizer.steps %}
        length = rewrite(prepared, length, 1);
{%- endif %}
{%- if tokenizer.prefix %}
        if (length > 0 && !starts_with(prepared, length, {{ tokenizer.prefix.name }}, {{ tokenizer.prefix.size }}))
            length = put(prepared, length, 0, {{ tokenizer.prefix.name }}, {{ tokenizer.prefix.size }});
{%- endif %}
    } while (!encode(net, prepared, length));
{%- else %}
    for (i = 0; i < length; i++)
        prepared[i] = (uint8_t)text[i];
{%- if tokenizer.steps %}
    length = rewrite(prepared, length);
{%- endif %}
{%- if tokenizer.prefix %}
    if (length > 0 && !starts_with(prepared, length, {{ tokenizer.prefix.name }}, {{ tokenizer.prefix.size }}))
        length = put(prepared, length, 0, {{ tokenizer.prefix.name }}, {{ tokenizer.prefix.size }});
{%- endif %}
    encode(net, prepared, length);
{%- endif %}
    return net->waiting != 0;
}
