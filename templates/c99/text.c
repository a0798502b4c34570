/* ---- the text ------------------------------------------------------------*/
{%- if tokenizer.prefix or tokenizer.replaces or tokenizer.folds or tokenizer.cut %}

/* Whether a text starts with these bytes of flash. */
static int starts_with(const uint8_t *text, size_t length, const uint8_t *what, size_t size)
{
    size_t i;
    if (length < size)
        return 0;
    for (i = 0; i < size; i++)
        if (text[i] != BYTE_AT(what + i))
            return 0;
    return 1;
}
{%- endif %}
{%- if tokenizer.prepends or tokenizer.replaces or tokenizer.folds or tokenizer.fallback == "refuse" %}

static void move(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t i;
    if (to < from)
        for (i = 0; i < size; i++)
            to[i] = from[i];
    else
        for (i = size; i > 0; i--)
            to[i - 1] = from[i - 1];
}
{%- endif %}
{%- if tokenizer.prepends or tokenizer.replaces or tokenizer.folds %}

/* Puts bytes of flash in the place of the first `old` bytes. Returns the new length. */
static size_t put(uint8_t *text, size_t length, size_t old, const uint8_t *what, size_t size)
{
    size_t i;
    move(text + size, text + old, length - old);
    for (i = 0; i < size; i++)
        text[i] = BYTE_AT(what + i);
    return length - old + size;
}
{%- endif %}
{%- if tokenizer.replaces or tokenizer.folds %}

static size_t replace(uint8_t *text, size_t length, const uint8_t *from, size_t size, const uint8_t *to, size_t to_size)
{
    size_t at = 0;
    while (at < length) {
        if (starts_with(text + at, length - at, from, size)) {
            length = at + put(text + at, length - at, size, to, to_size);
            at += to_size;
        } else {
            at++;
        }
    }
    return length;
}
{%- endif %}
{%- if tokenizer.steps %}

/* Rewrites a text in its place. Returns the new length. */
static size_t rewrite(uint8_t *text, size_t length{% if tokenizer.fallback == "refuse" %}, int is_whole{% endif %})
{
{%- set_global loops = false %}
{%- for s in tokenizer.steps %}{% if s.kind in ["lower", "upper", "fold"] %}{% set_global loops = true %}{% endif %}{% endfor %}
{%- if loops %}
    size_t i;
{%- endif %}
{%- if tokenizer.fallback == "refuse" %}
    (void)is_whole;
{%- endif %}
{%- for s in tokenizer.steps %}
{%- if s.kind == "prepend" %}
    if (length > 0{% if tokenizer.fallback == "refuse" %} && is_whole{% endif %})
        length = put(text, length, 0, {{ s.to.name }}, {{ s.to.size }});
{%- elif s.kind == "replace" %}
    length = replace(text, length, {{ s.from.name }}, {{ s.from.size }}, {{ s.to.name }}, {{ s.to.size }});
{%- elif s.kind == "upper" %}
    for (i = 0; i < length; i++)
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (uint8_t)(text[i] - 32);
{%- else %}
{%- if s.kind == "fold" %}
    for (i = 0; i < {{ s.from.size }};) {
        const uint8_t *from = {{ s.from.name }} + i, *to = from + 1 + BYTE_AT(from);
        length = replace(text, length, from + 1, BYTE_AT(from), to + 1, BYTE_AT(to));
        i = (size_t)(to - {{ s.from.name }}) + 1 + BYTE_AT(to);
    }
{%- endif %}
    for (i = 0; i < length; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (uint8_t)(text[i] + 32);
{%- endif %}
{%- endfor %}
    return length;
}
{%- endif %}
{%- if tokenizer.fallback == "refuse" %}

/* Bytes of the first character of a text, as the alphabet has characters. */
static size_t first_character(const uint8_t *text, size_t length)
{
    size_t size = 1;
{%- if tokenizer.by_byte %}
    (void)text;
    (void)length;
{%- else %}
    while (size < 4 && size < length && (text[size] & 0xC0) == 0x80)
        size++;
{%- endif %}
    return size;
}

/* Where bytes are first found in a text; its length where they are not. */
static size_t find(const uint8_t *text, size_t length, const uint8_t *what, size_t size)
{
    size_t at, i;
    for (at = 0; at + size <= length; at++) {
        for (i = 0; i < size && text[at + i] == what[i]; i++) {}
        if (i == size)
            return at;
    }
    return length;
}

/* Takes the character out of the text that `found`, which has no token, was made of. */
static void forget({{ name }}_net *net, const uint8_t *found, size_t size)
{
    size_t at = 0, behind, length = net->source_size;
    while (at < length) {
        uint8_t one[{{ tokenizer.one }}];
        size_t i, old = first_character(net->source + at, length - at), now = old;
        for (i = 0; i < old; i++)
            one[i] = net->source[at + i];
{%- if tokenizer.steps %}
        now = rewrite(one, old, 0);
{%- endif %}
        if (find(one, now, found, size) < now)
            break;
        at += old;
    }
    if (at == length)
        at = find(net->source, length, found, size);
    if (at == length)
        at = 0;
    behind = at + first_character(net->source + at, length - at);
    if (behind > length)
        behind = length;
    move(net->source + at, net->source + behind, length - behind);
    net->source_size = (uint16_t)(length - (behind - at));
}
{%- endif %}
{%- if tokenizer.merges %}

/* The merge of two tokens; {{ tokenizer.merges.count }} if there is none. */
static size_t find_merge(token left, token right)
{
    size_t from = 0, to = {{ tokenizer.merges.count }};
    while (from < to) {
        size_t middle = (from + to) / 2;
        token l = TOKEN_AT({{ tokenizer.merges.left }} + middle), r = TOKEN_AT({{ tokenizer.merges.right }} + middle);
        if (l == left && r == right)
            return middle;
        if (l < left || (l == left && r < right))
            from = middle + 1;
        else
            to = middle;
    }
    return {{ tokenizer.merges.count }};
}

/* Merges tokens from `first` on until there is nothing to merge: the lowest rank first, of those the leftmost. Returns
 * where they end. */
static size_t merge({{ name }}_net *net, size_t first, size_t end)
{
    for (;;) {
        size_t i, best = 0, best_merge = 0;
        {{ tokenizer.merges.rank_type }} best_rank = 0;
        for (i = first + 1; i < end; i++) {
            size_t found = find_merge(net->tokens[i - 1], net->tokens[i]);
            {{ tokenizer.merges.rank_type }} rank;
            if (found == {{ tokenizer.merges.count }})
                continue;
{%- if tokenizer.merges.rank %}
            rank = {{ tokenizer.merges.rank_at }}({{ tokenizer.merges.rank }} + found);
{%- else %}
            rank = TOKEN_AT({{ tokenizer.merges.merged }} + found);
{%- endif %}
            if (best == 0 || rank < best_rank) {
                best = i;
                best_rank = rank;
                best_merge = found;
            }
        }
        if (best == 0)
            return end;
        net->tokens[best - 1] = TOKEN_AT({{ tokenizer.merges.merged }} + best_merge);
        end--;
        for (i = best; i < end; i++)
            net->tokens[i] = net->tokens[i + 1];
    }
}
{%- endif %}
{%- if tokenizer.cut %}

/* Where the word ends that starts at `at`. `from`: where the next cut is looked for. */
static size_t word_end(const uint8_t *text, size_t length, size_t at, size_t *from)
{
    size_t mark = *from;
    while (mark < length) {
        if (!starts_with(text + mark, length - mark, {{ tokenizer.cut.at.name }}, {{ tokenizer.cut.at.size }})) {
            *from = ++mark;
            continue;
        }
{%- if tokenizer.cut.before %}
        if (mark > at)
            return mark;
{%- endif %}
        mark += {{ tokenizer.cut.at.size }};
        *from = mark;
{%- if tokenizer.cut.after %}
        if (mark > at)
            return mark;
{%- endif %}
    }
    return length;
}
{%- endif %}
