/* ---- arithmetic ----------------------------------------------------------*/

static int16_t sat16(int32_t value)
{
    return (int16_t)(value > 32767 ? 32767 : value < -32767 - 1 ? -32767 - 1 : value);
}

static int8_t sat8(int32_t value)
{
    return (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value);
}

/* value / 2^bits, rounded to the nearest, halves up. */
static int32_t round_shift(int32_t value, uint8_t bits)
{
    if (bits == 0)
        return value;
    value += (int32_t)1 << (bits - 1);
    return value < 0 ? -1 - ((-1 - value) >> bits) : value >> bits;
}
{%- if long_mean %}

static int64_t long_round_shift(int64_t value, uint8_t bits)
{
    value += (int64_t)1 << (bits - 1);
    return value < 0 ? -1 - ((-1 - value) >> bits) : value >> bits;
}
{%- endif %}
{%- if bits %}

/* All weights have as many bits. */
{%- if bytes %}
#define BITS(m) ((m)->bits == 8 ? 8 : {{ bits }})
{%- else %}
#define BITS(m) {{ bits }}
{%- endif %}
{%- elif packed %}

#define BITS(m) (m)->bits
{%- endif %}

/* Weights from a whole byte on. */
static void unpack(const matrix *m, const uint8_t *from, int8_t *to, uint16_t count)
{
{%- if packed %}
    uint16_t held = 0, i;
    uint8_t bits = BITS(m), have = 0;
    uint16_t mask = (uint16_t)((1u << bits) - 1), zero = (uint16_t)(1u << (bits - 1));
    (void)m;
    for (i = 0; i < count; i++) {
        if (have < bits) {
            held = (uint16_t)(held | (unsigned)BYTE_AT(from) << have);
            from++;
            have = (uint8_t)(have + 8);
        }
        to[i] = (int8_t)((int)(held & mask) - (int)zero);
        held = (uint16_t)(held >> bits);
        have = (uint8_t)(have - bits);
    }
{%- else %}
    uint16_t i;
    (void)m;
    for (i = 0; i < count; i++)
        to[i] = (int8_t)(BYTE_AT(from + i) - 128);
{%- endif %}
}

{%- for p in widths %}
{%- if loop.first %}
/* Weights of so many bits times inputs, eight at a time. */
{%- endif %}
static int32_t dot_{{ p.bits }}(const uint8_t *w, const int8_t *x, uint16_t groups)
{
    int32_t sum = 0;
    for (; groups > 0; groups--) {
{%- for byte in p.bytes %}
        unsigned b{{ loop.index0 }} = BYTE_AT(w + {{ loop.index0 }});
{%- endfor %}
{%- for code in p.codes %}
        sum += ((int)({{ code }}) - {{ p.zero }}) * x[{{ loop.index0 }}];
{%- endfor %}
        w += {{ p.bits }};
        x += 8;
    }
    return sum;
}

{% endfor -%}
/* Weights of a row times inputs, summed. */
static int32_t dot(const matrix *m, token row, const int8_t *x)
{
    const uint8_t *w = m->weights + (size_t)row * m->stride;
    int32_t sum = 0;
    uint16_t i;
{%- if packed %}
    int8_t rest[7];
    uint16_t groups = (uint16_t)(m->cols / 8), left = (uint16_t)(m->cols % 8);
{%- if bytes %}
    if (m->bits == 8) {
        for (i = 0; i < m->cols; i++)
            sum += (BYTE_AT(w + i) - 128) * x[i];
        return sum;
    }
{%- endif %}
{%- if bits %}
    sum = dot_{{ bits }}(w, x, groups);
{%- else %}
    switch (m->bits) {
{%- for p in widths %}
    {% if loop.last %}default{% else %}case {{ p.bits }}{% endif %}:
        sum = dot_{{ p.bits }}(w, x, groups);
        break;
{%- endfor %}
    }
{%- endif %}
    if (left > 0) {
        unpack(m, w + groups * BITS(m), rest, left);
        for (i = 0; i < left; i++)
            sum += rest[i] * x[8 * groups + i];
    }
{%- else %}
    for (i = 0; i < m->cols; i++)
        sum += (BYTE_AT(w + i) - 128) * x[i];
{%- endif %}
    return sum;
}

/* A row of a product, with its scale{% if biases %} and its bias{% endif %}. */
static int16_t product_row(const matrix *m, token row, const int8_t *x)
{
    int16_t y = sat16(round_shift(dot(m, row, x) * BYTE_AT(m->scale + row), m->shift));
{%- if biases %}
    if (m->bias)
        y = sat16((int32_t)y + (int16_t)WORD_AT(m->bias + row));
{%- endif %}
    return y;
}

static void product(const matrix *from, const int8_t *x, int16_t *y)
{
    matrix m;
    token row;
    LOAD(&m, from);
    for (row = 0; row < m.rows; row++)
        y[row] = product_row(&m, row, x);
}

static void product8(const matrix *from, const int8_t *x, int8_t *y)
{
    matrix m;
    token row;
    LOAD(&m, from);
    for (row = 0; row < m.rows; row++)
        y[row] = sat8(product_row(&m, row, x));
}

/* A row of weights with its scale. `room` is used on the way. */
static void gather(const matrix *from, token row, int8_t *room, int16_t *to)
{
    matrix m;
    uint16_t i;
    LOAD(&m, from);
    unpack(&m, m.weights + (size_t)row * m.stride, room, m.cols);
    for (i = 0; i < m.cols; i++)
        to[i] = sat16(round_shift((int32_t)room[i] * BYTE_AT(m.scale + row), m.shift));
}

static void add(int16_t *to, const int16_t *from, uint16_t count)
{
    uint16_t i;
    for (i = 0; i < count; i++)
        to[i] = sat16((int32_t)to[i] + from[i]);
}

static void narrow(const int16_t *from, int8_t *to, uint16_t count, uint8_t bits)
{
    uint16_t i;
    for (i = 0; i < count; i++)
        to[i] = sat8(round_shift(from[i], bits));
}

static uint16_t magnitude(int16_t value)
{
    return value < 0 ? (uint16_t)(-1 - value) + 1u : (uint16_t)value;
}

/* The norm of `count` values. `to` may be `from`. */
static void normalise(const norm *how, const int16_t *from, int16_t *to, uint16_t count)
{
    norm n;
    uint16_t largest = 0, i;
    uint32_t squares = 0;
    uint8_t s = 0, t = 0, shift;
    uint8_t root;
    LOAD(&n, how);
    for (i = 0; i < count; i++)
        if (magnitude(from[i]) > largest)
            largest = magnitude(from[i]);
    while (largest >> s > 255)
        s++;
    for (i = 0; i < count; i++) {
        uint32_t small = (uint32_t)(magnitude(from[i]) >> s);
        squares += small * small;
    }
    while (squares >> t > 255)
        t = (uint8_t)(t + 2);
    root = BYTE_AT(roots + (squares >> t));
    /* Of 24 bits nothing is left behind 25. */
    shift = (uint8_t)(s + t / 2 + n.down);
    if (shift > 25)
        shift = 25;
    for (i = 0; i < count; i++) {
        to[i] = sat16(round_shift((int32_t)from[i] * root, shift));
{%- if gains %}
        if (n.gain)
            to[i] = sat16(round_shift((int32_t)to[i] * BYTE_AT(n.gain + i), n.shift));
{%- endif %}
    }
}
