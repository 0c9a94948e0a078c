/* Set commands on one set, but for those of random members. */
#include "commands/sets.h"

#include "commands/scan_arg.h"
#include "commands/tables.h"

ek_str ek_member_keep(ek_ctx *c, ek_str member, const char *room) {
    if (!room || member.p != (const uint8_t *)room) return member;
    uint8_t *copy = ek_scratch_alloc(c, member.n);
    memcpy(copy, member.p, member.n);
    return (ek_str){copy, member.n};
}

bool ek_members_collect(void *arg, ek_str member, const char *room) {
    ek_members *m = arg;
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        ek_str *list = ek_scratch_alloc(m->c, cap * sizeof *list);
        if (m->n) memcpy(list, m->list, m->n * sizeof *list);
        m->list = list;
        m->cap = cap;
    }
    m->list[m->n++] = ek_member_keep(m->c, member, room);
    return true;
}

bool ek_set_reply_member(void *reply, ek_str member, const char *room) {
    ek_reply_str(reply, member);
    return true;
}

/* Tell that the set has changed, and delete its key when nothing is left. */
static void shrunk(ek_ctx *c, ek_value *v) {
    ek_key_changed(c, c->argv[1], EK_EVENT_SET, "srem");
    if (ek_set_len(c->a, v) == 0) ek_delete_emptied(c, v);
}

static size_t create(ek_ctx *c, ek_value *v, ek_str key, const ek_str *members, size_t n) {
    uint8_t small[EK_SET_ROOM(4)];
    uint8_t *room = n <= 4 ? small : ek_scratch_alloc(c, EK_SET_ROOM(n));
    return ek_set_put(c->s, c->db, v, key, members, n, room);
}

/* The hash of the i-th argument; of many members now and then the next ones are fetched. */
EK_INLINE uint64_t hash_ahead(ek_ctx *c, const ek_value *v, size_t i,
                              uint64_t hashes[EK_TABLE_FETCHED]) {
    size_t at = (i - 2) % EK_TABLE_FETCHED;
    if (at == 0) ek_set_fetch(c->a, v, c->argv + i, ek_min(c->argc - i, EK_TABLE_FETCHED), hashes);
    return hashes[at];
}

void ek_cmd_sadd(ek_ctx *c) {
    ek_value v;
    uint64_t hashes[EK_TABLE_FETCHED];
    int64_t added = 0;
    switch (ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v)) {
    case EK_WRONG_TYPE: return;
    case EK_ABSENT: added = (int64_t)create(c, &v, c->argv[1], c->argv + 2, c->argc - 2); break;
    case EK_FOUND:
        for (size_t i = 2; i < c->argc; i++)
            added += ek_set_add_hashed(c->s, c->db, &v, c->argv[i], hash_ahead(c, &v, i, hashes));
        break;
    }
    if (added) ek_key_changed(c, c->argv[1], EK_EVENT_SET, "sadd");
    ek_changed_elements(c, added);
    ek_reply_int(c->reply, added);
}

void ek_cmd_srem(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    uint64_t hashes[EK_TABLE_FETCHED];
    int64_t removed = 0;
    for (size_t i = 2; found == EK_FOUND && i < c->argc; i++)
        removed += ek_set_remove_hashed(c->s, c->db, &v, c->argv[i], hash_ahead(c, &v, i, hashes));
    ek_changed_elements(c, removed);
    if (removed) shrunk(c, &v);
    ek_reply_int(c->reply, removed);
}

void ek_cmd_smove(ek_ctx *c) {
    ek_value from, to;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &from);
    if (found == EK_WRONG_TYPE) return;
    ek_str member = c->argv[3];
    if (found == EK_ABSENT) {
        ek_reply_int(c->reply, 0);
        return;
    }
    ek_found target = ek_lookup_type(c, c->argv[2], EK_SET_TYPE, &to);
    if (target == EK_WRONG_TYPE) return;
    if (target == EK_FOUND && to.entry == from.entry) {
        ek_reply_int(c->reply, ek_set_has(c->a, &from, member));
        return;
    }
    bool moved = ek_set_remove(c->s, c->db, &from, member);
    ek_reply_int(c->reply, moved);
    if (!moved) return;
    shrunk(c, &from);
    bool added = target == EK_FOUND ? ek_set_add(c->s, c->db, &to, member)
                                    : create(c, &to, c->argv[2], &member, 1) > 0;
    if (added) ek_key_changed(c, c->argv[2], EK_EVENT_SET, "sadd");
}

void ek_cmd_scard(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_int(c->reply, found == EK_FOUND ? (int64_t)ek_set_len(c->a, &v) : 0);
}

void ek_cmd_sismember(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_int(c->reply, found == EK_FOUND && ek_set_has(c->a, &v, c->argv[2]));
}

void ek_cmd_smismember(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    uint64_t hashes[EK_TABLE_FETCHED];
    ek_reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++)
        ek_reply_int(c->reply, found == EK_FOUND && ek_set_has_hashed(c->a, &v, c->argv[i],
                                                                      hash_ahead(c, &v, i, hashes)));
}

typedef struct scanning {
    ek_reply *reply;
    const ek_scan_args *args;
    size_t n;
} scanning;

static bool scan_one(void *arg, ek_str member, const char *room) {
    scanning *k = arg;
    if (!ek_scan_matches(k->args, member)) return true;
    ek_reply_str(k->reply, member);
    k->n++;
    return true;
}

void ek_cmd_sscan(ek_ctx *c) {
    ek_scan_args args;
    ek_value v;
    uint64_t cursor;
    if (!ek_scan_cursor(c, 2, &cursor)) return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_scan_reply_cursor(c, 0);
        ek_reply_array(c->reply, 0);
        return;
    }
    if (!ek_scan_options(c, 3, false, &args)) return;
    scanning k = {c->reply, &args, 0};
    size_t at = ek_reply_open(c->reply, '*');
    cursor = ek_set_scan(c->a, &v, cursor, args.count, scan_one, &k);
    ek_reply_close(c->reply, at, k.n);
    ek_scan_insert_cursor(c, at, cursor);
}
