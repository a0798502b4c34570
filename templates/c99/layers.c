/* ---- the network ---------------------------------------------------------*/

/* The input of a layer, in 8 bits{% if pre %}, normalised{% endif %}. */
static void enter({{ name }}_net *net, const norm *how)
{
{%- if pre %}
    normalise(how, net->x, net->y, {{ dim }});
    narrow(net->y, net->input, {{ dim }}, BYTE_AT(&how->narrow));
{%- else %}
    narrow(net->x, net->input, {{ dim }}, BYTE_AT(&how->narrow));
{%- endif %}
}

/* Adds what a layer gives{% if not pre %}, and normalises{% endif %}. */
static void leave({{ name }}_net *net, const norm *how)
{
    add(net->x, net->y, {{ dim }});
{%- if pre %}
    (void)how;
{%- else %}
    normalise(how, net->x, net->x, {{ dim }});
{%- endif %}
}

/* Queries or keys in 8 bits, {% if rotary %}rotated by their position{% else %}narrowed{% endif %}. */
static void heads({{ name }}_net *net, const block *b, {% if head_norms %}const norm *how, {% endif %}int8_t *to, uint16_t count)
{
    uint8_t bits = BYTE_AT(&b->rotate_bits);
{%- if rotary %}
    uint16_t i, pair = 0;
{%- elif head_norms %}
    uint16_t i;
{%- endif %}
{%- if head_norms %}
    if (BYTE_AT(&b->has_head_norms))
        for (i = 0; i < count; i = (uint16_t)(i + {{ head }}))
            normalise(how, net->y + i, net->y + i, {{ head }});
{%- endif %}
{%- if rotary %}
    for (i = 0; i < count; i = (uint16_t)(i + 2)) {
        uint32_t turned = (net->taken - (uint32_t)1) * LONG_AT({{ rotary }} + pair);
        uint8_t phase = (uint8_t)((turned + 0x8000u) >> 16);
        int32_t cosine = (int8_t)BYTE_AT(cosines + phase);
        int32_t sine = (int8_t)BYTE_AT(cosines + (uint8_t)(phase + 192));
        int16_t a = net->y[i], b2 = net->y[i + 1];
        to[i] = sat8(round_shift(a * cosine - b2 * sine, bits));
        to[i + 1] = sat8(round_shift(a * sine + b2 * cosine, bits));
        if (++pair == {{ head / 2 }})
            pair = 0;
    }
{%- else %}
    narrow(net->y, to, count, bits);
{%- endif %}
}

/* The mean of the values, weighted by how well the keys match the queries, whose place it takes. */
static void attend({{ name }}_net *net, uint16_t cache, const block *b)
{
    const uint8_t *table;
    uint8_t bits = BYTE_AT(&b->score_bits);
    uint16_t rows = net->taken < {{ window }} ? net->taken : {{ window }}, row, i, head;
    LOAD(&table, &b->attention_table);
    for (head = 0; head < {{ heads }}; head++) {
        int8_t *query = net->wide + head * {{ head }};
        uint16_t from = (uint16_t)(head / {{ heads / kv_heads }} * {{ head }});
        int32_t most = 0;
        uint32_t total = 0;
        uint8_t n = 0, reciprocal;
        for (row = 0; row < rows; row++) {
            const int8_t *key = net->keys{% if beam %}[net->place]{% endif %}[cache][row] + from;
            int32_t score = 0;
            for (i = 0; i < {{ head }}; i++)
                score += key[i] * query[i];
            net->scores[row] = score;
            if (row == 0 || score > most)
                most = score;
        }
        for (row = 0; row < rows; row++) {
            int32_t below = round_shift(most - net->scores[row], bits);
            uint8_t weight = BYTE_AT(table + (below > 255 ? 255 : below));
            net->scores[row] = weight;
            total += weight;
        }
        while (total >> n > 255)
            n++;
        reciprocal = BYTE_AT(reciprocals + ((total >> n) - 128));
        for (i = 0; i < {{ head }}; i++) {
            int32_t sum = 0;
            for (row = 0; row < rows; row++)
                sum += (int16_t)net->scores[row] * net->values{% if beam %}[net->place]{% endif %}[cache][row][from + i];
{%- if long_mean %}
            int64_t mean = long_round_shift((int64_t)sum * reciprocal, (uint8_t)(15 + n));
            query[i] = (int8_t)(mean > 127 ? 127 : mean < -128 ? -128 : mean);
{%- else %}
            query[i] = sat8(round_shift(sum * reciprocal, (uint8_t)(15 + n)));
{%- endif %}
        }
    }
}

/* The hidden layer. */
static void hidden({{ name }}_net *net, const block *b)
{
{%- if gate %}
    matrix gate;
    uint8_t bits = BYTE_AT(&b->gate_bits);
{%- endif %}
    matrix up;
    token row;
{%- if gate or table %}
    const int8_t *table;
    LOAD(&table, &b->activation);
{%- endif %}
    LOAD(&up, &b->up);
{%- if gate %}
    LOAD(&gate, &b->gate);
{%- endif %}
    for (row = 0; row < up.rows; row++) {
        int8_t y = sat8(product_row(&up, row, net->input));
{%- if gate %}
        if (gate.weights) {
            int8_t g = sat8(product_row(&gate, row, net->input));
            net->wide[row] = sat8(round_shift((int32_t)(int8_t)BYTE_AT(table + (uint8_t)g) * y, bits));
            continue;
        }
{%- endif %}
{%- if table %}
        if (table) {
            net->wide[row] = (int8_t)BYTE_AT(table + (uint8_t)y);
            continue;
        }
{%- endif %}
        net->wide[row] = (int8_t)(y > 0 ? y : 0);
    }
}

{%- if prior %}

/* Subtracts from each logit what its token costs behind the tokens that were read last. */
static void subtract_costs({{ name }}_net *net)
{
    uint16_t row = WORD_AT({{ prior.last }} + net->last);
    const uint8_t *costs;
    token t;
{%- if prior.pairs %}
    uint16_t pair;
    if (net->taken > 1)
        for (pair = 0; pair < {{ prior.count }}u; pair++)
            if (TOKEN_AT({{ prior.pairs[0] }} + pair) == net->last && TOKEN_AT({{ prior.pairs[1] }} + pair) == net->before) {
                row = WORD_AT({{ prior.pairs[2] }} + pair);
                break;
            }
{%- endif %}
    costs = {{ prior.costs }} + (uint32_t)row * {{ outputs }}u;
    for (t = 0; t < {{ outputs }}u; t++)
        net->y[t] = sat16(net->y[t] - ((int32_t)BYTE_AT(costs + t) << {{ prior.shift }}));
}

{% endif %}
/* Reads a token. Of the last block all but the last token need no more than keys and values. */
static void read_token({{ name }}_net *net, token t, int is_last)
{
    uint16_t at = (uint16_t)(net->taken < {{ window }} ? net->taken : 1 + (net->taken - 1) % {{ window - 1 }});
    uint16_t cache;
{%- if positions %}
    uint16_t position = net->taken;
{%- endif %}
    net->taken++;
{%- if prior %}
    net->before = net->last;
    net->last = t;
{%- endif %}
{%- if choice.penalty %}
    net->recent[net->recent_next] = t;
    net->recent_next = (uint8_t)(net->recent_next == {{ choice.penalty.recent - 1 }} ? 0 : net->recent_next + 1);
    if (net->recent_count < {{ choice.penalty.recent }})
        net->recent_count++;
{%- endif %}
    gather(&embedding, t, net->input, net->{% if start %}embedding{% else %}x{% endif %});
{%- if positions %}
    gather(&positions, position, net->input, net->y);
    add(net->{% if start %}embedding{% else %}x{% endif %}, net->y, {{ dim }});
{%- endif %}
{%- if start %}
    for (cache = 0; cache < {{ dim }}; cache++)
        net->x[cache] = (int16_t)WORD_AT({{ start }} + cache);
{%- endif %}
    for (cache = 0; cache < {{ caches }}; cache++) {
        const block *b = blocks + cache{% if rounds > 1 %} % {{ blocks }}{% endif %};
{%- if start %}
        if (cache % {{ blocks }} == 0)
            add(net->x, net->embedding, {{ dim }});
{%- endif %}
        enter(net, &b->attention);
        product(&b->key, net->input, net->y);
        heads(net, b, {% if head_norms %}&b->key_heads, {% endif %}net->keys{% if beam %}[net->place]{% endif %}[cache][at], {{ kv }});
        product8(&b->value, net->input, net->values{% if beam %}[net->place]{% endif %}[cache][at]);
        if (cache == {{ caches - 1 }} && !is_last)
            return;
        product(&b->query, net->input, net->y);
        heads(net, b, {% if head_norms %}&b->query_heads, {% endif %}net->wide, {{ query }});
        attend(net, cache, b);
        product(&b->mix, net->wide, net->y);
        leave(net, &b->attention);
        enter(net, &b->feed_forward);
        hidden(net, b);
        product(&b->down, net->wide, net->y);
        leave(net, &b->feed_forward);
    }
{%- if norm %}
    normalise(&last_norm, net->x, net->x, {{ dim }});
    narrow(net->x, net->input, {{ dim }}, BYTE_AT(&last_norm.narrow));
{%- else %}
    narrow(net->x, net->input, {{ dim }}, BYTE_AT(&blocks[{{ blocks - 1 }}].feed_forward.narrow));
{%- endif %}
    product(&output, net->input, net->y);
{%- if prior %}
    subtract_costs(net);
{%- endif %}
}
