/* A whole store as commands: the base of an append-only file when aof-use-rdb-preamble is no.
 *
 * As the servers write it: a value is made by as many commands as its members need at 64 in each, and
 * its time to live follows. What no command can give back is not there: how an entry was used, and
 * when a consumer was last seen. */
#include "persist/aof_base.h"

#include "base/number.h"
#include "store/functions.h"
#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_stream.h"
#include "store/value_stream_groups.h"
#include "store/value_stream_producers.h"
#include "store/value_zset.h"

enum { ITEMS_AT_ONCE = 64, ID_CHARS = 2 * EK_I64_CHARS + 2 };

/* --- commands --- */

static void put_count(ek_rdb_out *o, char mark, uint64_t n) {
    char line[EK_I64_CHARS + 3];
    size_t len = 0;
    line[len++] = mark;
    len += ek_format_u64(line + len, n);
    memcpy(line + len, "\r\n", 2);
    ek_rdb_put_raw(o, line, len + 2);
}

static void put_arg(ek_rdb_out *o, ek_str s) {
    put_count(o, '$', s.n);
    ek_rdb_put_raw(o, s.p, s.n);
    ek_rdb_put_raw(o, "\r\n", 2);
}

static void put_word(ek_rdb_out *o, const char *word) {
    put_arg(o, (ek_str){(const uint8_t *)word, strlen(word)});
}

static void put_int(ek_rdb_out *o, int64_t v) {
    char digits[EK_I64_CHARS];
    put_arg(o, (ek_str){(const uint8_t *)digits, ek_format_i64(digits, v)});
}

static void put_id(ek_rdb_out *o, ek_id id) {
    char text[ID_CHARS];
    size_t n = ek_format_u64(text, id.ms);
    text[n++] = '-';
    n += ek_format_u64(text + n, id.seq);
    put_arg(o, (ek_str){(const uint8_t *)text, n});
}

/* The first words of a command, which has so many arguments in all. */
static void put_begin(ek_rdb_out *o, size_t argc, const char *command, ek_str key) {
    put_count(o, '*', argc);
    put_word(o, command);
    put_arg(o, key);
}

/* --- values of many items, which are of `each` arguments --- */

typedef struct items {
    ek_rdb_out *o;
    const char *command;
    ek_str key;
    size_t each;
    uint64_t left;
    size_t here; /* that the present command has yet to be given */
} items;

static void next_item(items *w) {
    if (w->here == 0) {
        w->here = (size_t)ek_min(w->left, (uint64_t)ITEMS_AT_ONCE);
        put_begin(w->o, 2 + w->here * w->each, w->command, w->key);
    }
    w->here--;
    w->left--;
}

static void put_list(items *w, const ek_value *v) {
    const ek_arena *a = w->o->s->a;
    const ek_list *l = ek_value_list_of(v);
    w->left = l->count;
    for (ek_ref ref = l->head; ref;) {
        const ek_list_node *n = ek_ptr(a, ref);
        const uint8_t *p = n->data + n->begin;
        for (uint32_t i = 0; i < n->count; i++, p = ek_lp_next(p)) {
            char room[EK_I64_CHARS];
            ek_lp_value item;
            ek_lp_get(p, &item);
            next_item(w);
            put_arg(w->o, ek_lp_text(&item, room));
        }
        ref = n->next;
    }
}

static bool put_member(void *arg, ek_str member, const char *room) {
    items *w = arg;
    next_item(w);
    put_arg(w->o, member);
    return true;
}

static void put_zset(items *w, const ek_value *v) {
    const ek_arena *a = w->o->s->a;
    w->left = ek_zset_count(a, v);
    for (ek_zset_place p = ek_zset_at(a, v, 0); w->left > 0; p = ek_zset_next(a, v, p)) {
        char score[EK_DOUBLE_CHARS], room[EK_I64_CHARS];
        next_item(w);
        put_arg(w->o, ek_zset_score_text(a, p, score));
        put_arg(w->o, ek_zset_member_of(a, p, room));
    }
}

static bool put_field(void *arg, const ek_hash_pair *pair) {
    items *w = arg;
    next_item(w);
    put_arg(w->o, pair->field);
    put_arg(w->o, pair->value);
    return true;
}

static bool put_field_time(void *arg, const ek_hash_pair *pair) {
    items *w = arg;
    if (pair->expire_ms == EK_NO_EXPIRE) return true;
    put_begin(w->o, 6, "HPEXPIREAT", w->key);
    put_int(w->o, pair->expire_ms);
    put_word(w->o, "FIELDS");
    put_int(w->o, 1);
    put_arg(w->o, pair->field);
    return true;
}

/* --- streams --- */

static void put_pending(ek_rdb_out *o, ek_str key, const ek_group *g, ek_str consumer, ek_id id,
                        const ek_pending *p) {
    put_begin(o, 12, "XCLAIM", key);
    put_arg(o, ek_group_name(g));
    put_arg(o, consumer);
    put_int(o, 0);
    put_id(o, id);
    put_word(o, "TIME");
    put_int(o, p->delivered_ms);
    put_word(o, "RETRYCOUNT");
    put_int(o, (int64_t)p->deliveries);
    put_word(o, "JUSTID");
    put_word(o, "FORCE");
}

static void put_consumer_command(ek_rdb_out *o, ek_str key, const ek_group *g, const char *what,
                                 ek_str consumer) {
    put_count(o, '*', 5);
    put_word(o, "XGROUP");
    put_word(o, what);
    put_arg(o, key);
    put_arg(o, ek_group_name(g));
    put_arg(o, consumer);
}

/* What is pending and nobody's: given to one, and given back. */
static void put_given_back(ek_rdb_out *o, ek_str key, const ek_group *g) {
    static const ek_str nobody = {(const uint8_t *)"", 0};
    const ek_arena *a = o->s->a;
    bool any = false;
    ek_idtree_place p = ek_idtree_first(a, &g->pending);
    for (; p.leaf; p = ek_idtree_next(a, p)) {
        const ek_pending *pending = ek_pending_at(a, p);
        if (pending->consumer) continue;
        any = true;
        put_pending(o, key, g, nobody, ek_idtree_id(a, p), pending);
        put_begin(o, 7, "XNACK", key);
        put_arg(o, ek_group_name(g));
        put_word(o, "FAIL");
        put_word(o, "IDS");
        put_int(o, 1);
        put_id(o, ek_idtree_id(a, p));
    }
    bool there = ek_group_consumer(a, g, nobody) != NULL;
    if (any && !there) put_consumer_command(o, key, g, "DELCONSUMER", nobody);
}

static void put_group(ek_rdb_out *o, ek_str key, const ek_group *g) {
    const ek_arena *a = o->s->a;
    put_count(o, '*', 7);
    put_word(o, "XGROUP");
    put_word(o, "CREATE");
    put_arg(o, key);
    put_arg(o, ek_group_name(g));
    put_id(o, g->last);
    put_word(o, "ENTRIESREAD");
    put_int(o, g->read);
    put_given_back(o, key, g);
    for (uint32_t i = 0; i < g->consumers.count; i++) {
        const ek_consumer *c = ek_group_consumer_at(a, g, i);
        ek_idtree_place p = ek_idtree_first(a, &c->pending);
        if (!p.leaf) put_consumer_command(o, key, g, "CREATECONSUMER", ek_consumer_name(c));
        for (; p.leaf; p = ek_idtree_next(a, p)) {
            ek_id id = ek_idtree_id(a, p);
            put_pending(o, key, g, ek_consumer_name(c), id, ek_group_pending(a, g, id));
        }
    }
}

static void put_entries(ek_rdb_out *o, ek_str key, const ek_stream *st) {
    ek_stream_iter it;
    ek_stream_iter_begin(&it, o->s->a, st, EK_ID_MIN, EK_ID_MAX, false);
    while (ek_stream_iter_next(&it)) {
        put_begin(o, 3 + 2 * (size_t)it.nfields, "XADD", key);
        put_id(o, it.id);
        for (uint32_t i = 0; i < it.nfields; i++) {
            char room[EK_I64_CHARS];
            ek_lp_value name, value;
            ek_stream_iter_pair(&it, &name, &value);
            put_arg(o, ek_lp_text(&name, room));
            put_arg(o, ek_lp_text(&value, room));
        }
    }
}

static void put_sent(ek_rdb_out *o, ek_str key, const ek_sent *sent) {
    ek_sent_message m;
    put_begin(o, 6, "XCFGSET", key);
    put_word(o, "IDMP-DURATION");
    put_int(o, sent->seconds);
    put_word(o, "IDMP-MAXSIZE");
    put_int(o, sent->most);
    for (ek_ref at = 0; ek_sent_next(o->s->a, sent, &at, &m);) {
        put_begin(o, 5, "XIDMPRECORD", key);
        put_arg(o, m.producer);
        put_arg(o, m.name);
        put_id(o, m.id);
    }
}

static void put_stream(ek_rdb_out *o, const ek_value *v) {
    const ek_arena *a = o->s->a;
    const ek_stream *st = ek_stream_of(v);
    if (st->length) {
        put_entries(o, v->key, st);
    } else { /* one that goes at once */
        put_begin(o, 7, "XADD", v->key);
        put_word(o, "MAXLEN");
        put_int(o, 0);
        put_id(o, (ek_id){0, 1});
        put_word(o, "x");
        put_word(o, "y");
    }
    put_begin(o, 7, "XSETID", v->key);
    put_id(o, st->last);
    put_word(o, "ENTRIESADDED");
    put_int(o, (int64_t)st->added);
    put_word(o, "MAXDELETEDID");
    put_id(o, st->max_deleted);
    for (uint32_t i = 0; i < st->groups.count; i++)
        put_group(o, v->key, ek_stream_group_at(a, st, i));
    const ek_sent *sent = ek_stream_sent(a, st);
    if (sent) put_sent(o, v->key, sent);
}

/* --- keys --- */

static void put_value(ek_rdb_out *o, const ek_value *v) {
    const ek_store *s = o->s;
    char digits[24];
    items w = {.o = o, .key = v->key, .each = 1};
    switch (v->type) {
    case EK_STRING:
        put_begin(o, 3, "SET", v->key);
        put_arg(o, ek_string_text(v, digits));
        break;
    case EK_LIST:
        w.command = "RPUSH";
        put_list(&w, v);
        break;
    case EK_SET_TYPE:
        w.command = "SADD";
        w.left = ek_set_len(s->a, v);
        ek_set_each(s->a, v, put_member, &w);
        break;
    case EK_ZSET:
        w.command = "ZADD";
        w.each = 2;
        put_zset(&w, v);
        break;
    case EK_HASH:
        w.command = "HMSET";
        w.each = 2;
        w.left = ek_hash_len(s, v, o->now_ms);
        ek_hash_each(s, v, o->now_ms, put_field, &w);
        if (ek_hash_soonest(s->a, v) != EK_NO_EXPIRE)
            ek_hash_each(s, v, o->now_ms, put_field_time, &w);
        break;
    case EK_STREAM: put_stream(o, v); break;
    default: ek_raise(s->a, EK_ECORRUPT);
    }
}

void ek_aof_base_put_key(ek_rdb_out *o, const ek_value *v) {
    put_value(o, v);
    if (v->expire_ms == EK_NO_EXPIRE) return;
    put_begin(o, 3, "PEXPIREAT", v->key);
    put_int(o, v->expire_ms);
}

static bool put_library(void *arg, ek_library *l) {
    ek_rdb_out *o = arg;
    put_count(o, '*', 3);
    put_word(o, "FUNCTION");
    put_word(o, "LOAD");
    put_arg(o, ek_library_code(l));
    return true;
}

void ek_aof_base_put_libraries(ek_rdb_out *o) { ek_libraries_each(o->s, put_library, o); }

void ek_aof_base_put_database(ek_rdb_out *o, uint32_t dbi) {
    put_count(o, '*', 2);
    put_word(o, "SELECT");
    put_int(o, dbi);
}
