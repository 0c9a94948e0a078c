/* See intset.h for the layout. */
#include "data/intset.h"

static uint32_t width_of(int64_t v) {
    if (v >= INT16_MIN && v <= INT16_MAX) return 2;
    return v >= INT32_MIN && v <= INT32_MAX ? 4 : 8;
}

static void put(uint8_t *s, uint32_t width, uint32_t i, int64_t v) {
    uint8_t *p = s + EK_INTSET_HEADER + (size_t)i * width;
    switch (width) {
    case 2: ek_store16(p, (uint16_t)v); break;
    case 4: ek_store32(p, (uint32_t)v); break;
    default: ek_store64(p, (uint64_t)v); break;
    }
}

void ek_intset_init(uint8_t *s) {
    ek_store32(s, 2);
    ek_store32(s + EK_INTSET_COUNT_AT, 0);
}

bool ek_intset_search(const uint8_t *s, uint32_t width, uint32_t count, int64_t v, uint32_t *at) {
    const uint8_t *values = s + EK_INTSET_HEADER;
    uint32_t low = 0, high = count;
    if (high && v > ek_intset_value(values + (size_t)(high - 1) * width, width))
        low = high; /* ascending ids come in this order */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (ek_intset_value(values + (size_t)mid * width, width) < v) low = mid + 1;
        else high = mid;
    }
    if (at) *at = low;
    return low < count && ek_intset_value(values + (size_t)low * width, width) == v;
}

bool ek_intset_find(const uint8_t *s, int64_t v, uint32_t *at) {
    return ek_intset_search(s, ek_intset_width(s), ek_intset_count(s), v, at);
}

ek_intset_plan ek_intset_plan_add(const uint8_t *s, int64_t v) {
    uint32_t width = ek_intset_width(s), count = ek_intset_count(s);
    ek_intset_plan p = {.width = width, .old_size = ek_intset_size(s)};
    if (width_of(v) > width) { /* beyond all that is there: the first or the last */
        p.width = width_of(v);
        p.at = v < 0 ? 0 : count;
        p.size = EK_INTSET_HEADER + (size_t)p.width * (count + 1);
        return p;
    }
    p.found = ek_intset_find(s, v, &p.at);
    p.from = EK_INTSET_HEADER + (size_t)width * p.at;
    p.size = p.found ? p.old_size : p.old_size + width;
    return p;
}

ek_intset_plan ek_intset_plan_remove(const uint8_t *s, int64_t v) {
    uint32_t width = ek_intset_width(s);
    ek_intset_plan p = {.width = width, .old_size = ek_intset_size(s)};
    p.found = width_of(v) <= width && ek_intset_find(s, v, &p.at);
    p.size = p.found ? p.old_size - width : p.old_size;
    p.from = p.found ? EK_INTSET_HEADER + (size_t)width * p.at : p.old_size;
    return p;
}

static void widen(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan, int64_t v) {
    uint32_t count = ek_intset_count(s), shift = plan->at == 0 ? 1 : 0;
    for (uint32_t i = count; i-- > 0;) /* backwards: `to` may be `s` */
        put(to, plan->width, i + shift, ek_intset_get(s, i));
    put(to, plan->width, plan->at, v);
    ek_store32(to, plan->width);
    ek_store32(to + EK_INTSET_COUNT_AT, count + 1);
}

void ek_intset_add(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan, int64_t v) {
    if (plan->width != ek_intset_width(s)) {
        widen(to, s, plan, v);
        return;
    }
    uint32_t count = ek_intset_count(s);
    memmove(to + plan->from + plan->width, s + plan->from, plan->old_size - plan->from);
    if (to != s) memcpy(to, s, plan->from);
    put(to, plan->width, plan->at, v);
    ek_store32(to + EK_INTSET_COUNT_AT, count + 1);
}

void ek_intset_remove(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan) {
    uint32_t count = ek_intset_count(s);
    if (to != s) memcpy(to, s, plan->from);
    memmove(to + plan->from, s + plan->from + plan->width, plan->size - plan->from);
    ek_store32(to + EK_INTSET_COUNT_AT, count - 1);
}

int64_t ek_intset_random(const uint8_t *s, ek_random *r) {
    return ek_intset_get(s, (uint32_t)ek_random_below(r, ek_intset_count(s)));
}

bool ek_intset_check(const uint8_t *s, size_t n) {
    if (n < EK_INTSET_HEADER) return false;
    uint32_t width = ek_intset_width(s), count = ek_intset_count(s);
    if ((width != 2 && width != 4 && width != 8) || ek_intset_size(s) != n) return false;
    for (uint32_t i = 1; i < count; i++)
        if (ek_intset_get(s, i - 1) >= ek_intset_get(s, i)) return false;
    return true;
}
