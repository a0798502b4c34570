/* ---- replies side by side ------------------------------------------------*/

/* A reply that grows: what it costs, its last token{% if prior %}, the token before that{% endif %}, the reply that it continues, its place in its round, and the place of its
 * keys and values. */
typedef struct {
    {{ beam.cost }} cost;
    token last{% if prior %}, before{% endif %};
    uint8_t from, rank, place;
} reply;

/* The logarithm of the sum of what all logits stand for, above that of the largest. */
static uint32_t normalizer(const {{ name }}_net *net, int16_t most)
{
    uint32_t sum = 0;
    uint8_t n = 0;
    token i;
    for (i = 0; i < {{ outputs }}u; i++) {
        uint16_t below = (uint16_t)((uint16_t)((uint16_t)most - (uint16_t)net->y[i]) >> {{ beam.bits }});
        if (below < {{ beam.count }})
            sum += BYTE_AT({{ beam.weights }} + below);
    }
    while (sum >> n > 255)
        n++;
    if (n == 0)
        return 0;
    return WORD_AT({{ beam.parts }} + ((sum >> n) - 128)) + LONG_AT({{ beam.powers }} + (n - 1));
}

/* Puts the tokens that may follow reply number `from` among the cheapest so far, `count` of them. Returns how many there are
 * then; of equals the first stands first. */
static uint8_t follow(const {{ name }}_net *net, const reply *of, uint8_t from, reply *next, uint8_t count)
{
    int16_t most = net->y[0];
    {{ beam.cost }} first;
    token i;
    uint8_t at;
    for (i = 1; i < {{ outputs }}u; i++)
        if (net->y[i] > most)
            most = net->y[i];
    first = of->cost + normalizer(net, most);
    for (i = 0; i < {{ outputs }}u; i++) {
        {{ beam.cost }} cost = first + (uint16_t)((uint16_t)most - (uint16_t)net->y[i]);
        if (count == {{ beam.width }} && cost >= next[count - 1].cost)
            continue;
        if (count < {{ beam.width }})
            count++;
        for (at = (uint8_t)(count - 1); at > 0 && next[at - 1].cost > cost; at--)
            next[at] = next[at - 1];
        next[at].cost = cost;
        next[at].last = i;
        next[at].from = from;
    }
    return count;
}

static void copy_caches({{ name }}_net *net, uint8_t to, uint8_t from)
{
    memcpy(net->keys[to], net->keys[from], sizeof net->keys[to]);
    memcpy(net->values[to], net->values[from], sizeof net->values[to]);
}

/* Keys and values for all that grow: the first that continues a reply has those of it, others get copies. */
static void inherit({{ name }}_net *net, reply *next, uint8_t growing)
{
    uint8_t used[{{ beam.width }}] = {0}, copies[{{ beam.width }}], i, place;
    for (i = 0; i < growing; i++) {
        copies[i] = used[next[i].place];
        used[next[i].place] = 1;
    }
    for (i = 0; i < growing; i++)
        if (copies[i]) {
            for (place = 0; used[place]; place++)
                ;
            used[place] = 1;
            copy_caches(net, place, next[i].place);
            next[i].place = place;
        }
}

/* Reads what waits, and finds the reply that costs the least a token. */
static void search({{ name }}_net *net)
{
    reply now[{{ beam.width }}] = {% raw %}{{0, 0, 0, 0, 0{% endraw %}{% if prior %}, 0{% endif %}{% raw %}}}{% endraw %}, next[{{ beam.width }}];
    {{ beam.cost }} best = 0;
    uint8_t growing = 1, ended = 0, rank = 0, behind = 0, count, i;
    uint16_t round = 0;
{%- if prior and turns and turns.keeps %}
    token best_last = 0;
{%- endif %}
    net->place = 0;
    while (net->waiting > 0) {
        net->waiting--;
        read_token(net, net->tokens[net->next++], net->waiting == 0);
    }
{%- if prior %}
    now[0].last = net->last;
{%- endif %}
    while (growing > 0 && ended < {{ beam.width }}) {
        count = 0;
        for (i = 0; i < growing; i++) {
            if (round > 0) {
                /* All of a round have the same position. */
                if (i > 0)
                    net->taken--;
                net->place = now[i].place;
{%- if prior %}
                net->last = now[i].before;
{%- endif %}
                read_token(net, now[i].last, 1);
            }
            count = follow(net, now + i, i, next, count);
        }
        round++;
        growing = 0;
        for (i = 0; i < count && ended < {{ beam.width }}; i++) {
            token last = next[i].last;
            net->trail[round - 1][i] = last;
            net->from[round - 1][i] = now[next[i].from].rank;
            next[i].place = now[next[i].from].place;
{%- if prior %}
            next[i].before = now[next[i].from].last;
{%- endif %}
            next[i].rank = i;
            if (net->taken < {{ most }}u{% for end in ends %} && last != {{ end }}u{% endfor %}) {
                next[growing++] = next[i];
                continue;
            }
            ended++;
            if (net->said == 0 || (uint64_t)next[i].cost * net->said < (uint64_t)best * round) {
                best = next[i].cost;
                net->said = round;
                rank = i;
{%- if turns and turns.keeps %}
                copy_caches(net, {{ beam.width }}, next[i].place);
                net->best_taken = net->taken;
{%- if prior %}
                best_last = next[i].before;
{%- endif %}
{%- endif %}
            }
        }
        if (ended < {{ beam.width }})
            inherit(net, next, growing);
        for (i = 0; i < growing; i++)
            now[i] = next[i];
    }
{%- if turns and turns.keeps %}
    copy_caches(net, 0, {{ beam.width }});
    net->taken = net->best_taken;
{%- if prior %}
    net->last = best_last;
{%- endif %}
{%- endif %}
    /* Its tokens backwards: each notes the one behind it. */
    for (round = net->said; round > 0; round--) {
        uint8_t before = net->from[round - 1][rank];
        net->from[round - 1][rank] = behind;
        behind = rank;
        rank = before;
    }
    net->rank = behind;
    net->spoken = 0;
}
