/* ---- choosing ------------------------------------------------------------*/
{%- if choice.penalty %}

/* The logit of a token: smaller than the network says where the token was read a short while ago. */
static int16_t held_back(const {{ name }}_net *net, token t)
{
    int16_t logit = net->y[t];
    uint8_t i;
    for (i = 0; i < net->recent_count; i++)
        if (net->recent[i] == t) {
            if (logit > 0)
                return (int16_t)(((int32_t)logit * {{ choice.penalty.above }}) >> 8);
            /* Halves and the like go down, as they do above 0. */
            return sat16(-((-(int32_t)logit * {{ choice.penalty.below }} + 63) >> 6));
        }
    return logit;
}
{%- endif %}
{%- if choice.draw %}

/* A token that may be drawn, and its logit. */
typedef struct {
    int16_t logit;
    token index;
} candidate;

/* What the candidate weighs at `at`; 0 where it is too unlikely. */
static uint8_t weight(const candidate *of, uint16_t at)
{
    uint16_t below = (uint16_t)((uint16_t)((uint16_t)of[0].logit - (uint16_t)of[at].logit) >> {{ choice.draw.bits }});
    return {% if choice.draw.reach %}below < {{ choice.draw.count }} ? BYTE_AT({{ choice.draw.weights }} + below) : 0{% else %}BYTE_AT({{ choice.draw.weights }} + below){% endif %};
}

/* Draws one of the likeliest tokens. */
static token choose({{ name }}_net *net)
{
    candidate of[{{ choice.draw.top_k }}];
    uint16_t count = 0, at, total = 0, drawn;
    /* A smaller logit is not drawn. */
    int32_t least = -32768;
    token i;
    for (i = 0; i < {{ outputs }}u; i++) {
        int16_t logit = net->y[i];
        if (logit < least)
            continue;
{%- if choice.penalty %}
        logit = held_back(net, i);
        if (logit < least)
            continue;
{%- endif %}
        if (count < {{ choice.draw.top_k }})
            count++;
        for (at = (uint16_t)(count - 1); at > 0 && of[at - 1].logit < logit; at--)
            of[at] = of[at - 1];
        of[at].logit = logit;
        of[at].index = i;
        if (count == {{ choice.draw.top_k }} && of[count - 1].logit >= least)
            least = (int32_t)of[count - 1].logit + 1;
{%- if choice.draw.reach %}
        if (of[0].logit - (int32_t){{ choice.draw.reach }} >= least)
            least = of[0].logit - (int32_t){{ choice.draw.reach }} + 1;
{%- endif %}
    }
    for (at = 0; at < count; at++)
        total = (uint16_t)(total + weight(of, at));
{%- if choice.draw.share %}
    {
        uint16_t wanted = (uint16_t)(((uint32_t)total * {{ choice.draw.share }} + 255) >> 8);
        total = 0;
        for (at = 0; total < wanted; at++)
            total = (uint16_t)(total + weight(of, at));
    }
{%- endif %}
    if (net->random == 0)
        net->random = {{ choice.draw.seed }}u;
    net->random = (uint16_t)(net->random ^ (uint16_t)(net->random << 7));
    net->random = (uint16_t)(net->random ^ (net->random >> 9));
    net->random = (uint16_t)(net->random ^ (uint16_t)(net->random << 8));
    drawn = (uint16_t)(((uint32_t)net->random * total) >> 16);
    for (at = 0; drawn >= weight(of, at); at++)
        drawn = (uint16_t)(drawn - weight(of, at));
    return of[at].index;
}
{%- else %}

/* The token with the largest logit, the first of those. */
static token choose(const {{ name }}_net *net)
{
    token i, best = 0;
{%- if choice.penalty %}
    int16_t most = held_back(net, 0);
    for (i = 1; i < {{ outputs }}u; i++)
        if (net->y[i] > most) {
            int16_t logit = held_back(net, i);
            if (logit > most) {
                most = logit;
                best = i;
            }
        }
{%- else %}
    for (i = 1; i < {{ outputs }}u; i++)
        if (net->y[i] > net->y[best])
            best = i;
{%- endif %}
{%- if choice.margin %}
    for (i = 0; i < {{ outputs }}u; i++)
        if (i != best && (int32_t)net->y[best] - net->y[i] < {{ choice.margin }})
            return {{ outputs }}u;
{%- endif %}
    return best;
}
{%- endif %}
