#include "store/waiting.h"

static ek_str key_of(const ek_arena *a, ek_ref item) {
    const ek_wait_queue *q = ek_ptr(a, item);
    return (ek_str){q->key, q->klen};
}

static ek_str entry_key_of(const ek_arena *a, ek_ref item) { return ek_entry_key(a, item); }

/* --- commands kept in the arena --- */

typedef struct argv_block {
    ek_ref next;
    uint32_t argc;
    uint32_t len[]; /* the bytes behind them */
} argv_block;

ek_ref ek_argv_new(ek_store *s, size_t argc, const ek_str *argv) {
    size_t bytes = sizeof(argv_block) + argc * sizeof(uint32_t);
    for (size_t i = 0; i < argc; i++) bytes += argv[i].n;
    ek_ref ref = ek_alloc(s->a, bytes);
    argv_block *b = ek_ptr(s->a, ref);
    b->next = 0;
    b->argc = (uint32_t)argc;
    uint8_t *p = (uint8_t *)(b->len + argc);
    for (size_t i = 0; i < argc; i++) {
        b->len[i] = (uint32_t)argv[i].n;
        if (argv[i].n) memcpy(p, argv[i].p, argv[i].n);
        p += argv[i].n;
    }
    return ref;
}

size_t ek_argv_count(const ek_store *s, ek_ref block) {
    return ((const argv_block *)ek_ptr(s->a, block))->argc;
}

void ek_argv_read(const ek_store *s, ek_ref block, ek_str *out) {
    const argv_block *b = ek_ptr(s->a, block);
    const uint8_t *p = (const uint8_t *)(b->len + b->argc);
    for (uint32_t i = 0; i < b->argc; i++) {
        out[i] = (ek_str){p, b->len[i]};
        p += b->len[i];
    }
}

ek_ref ek_argv_next(const ek_store *s, ek_ref block) {
    return ((const argv_block *)ek_ptr(s->a, block))->next;
}

void ek_argv_chain(ek_store *s, ek_ref block, ek_ref next) {
    argv_block *b = ek_ptr(s->a, block);
    EK_SET(s->a, b->next, next);
}

void ek_argv_free(ek_store *s, ek_ref at) {
    while (at) {
        ek_ref next = ek_argv_next(s, at);
        ek_free(s->a, at);
        at = next;
    }
}

/* --- queues --- */

static ek_wait_queue *find(const ek_store *s, uint32_t db, ek_str key) {
    ek_ref ref = ek_table_find(s->a, &s->dbs[db].waiting, key_of, ek_table_hash(s->a, key), key);
    return ref ? ek_ptr(s->a, ref) : NULL;
}

static ek_wait_queue *queue_for(ek_store *s, uint32_t db, ek_str key) {
    ek_wait_queue *q = find(s, db, key);
    if (q) return q;
    if (key.n > UINT32_MAX) ek_raise(s->a, EK_ENOMEM);
    ek_ref ref = ek_alloc_zeroed(s->a, sizeof *q + key.n);
    q = ek_ptr(s->a, ref);
    q->db = db;
    q->klen = (uint32_t)key.n;
    if (key.n) memcpy(q->key, key.p, key.n);
    ek_table_add(s->a, &s->dbs[db].waiting, key_of, ek_table_hash(s->a, key), ref);
    return q;
}

void ek_wait_queue_tidy(ek_store *s, ek_wait_queue *q) {
    if (q->first || q->ready || q->pinned) return;
    ek_ref ref = ek_ref_of(s->a, q);
    ek_str key = {q->key, q->klen};
    ek_table_remove(s->a, &s->dbs[q->db].waiting, key_of, ek_table_hash(s->a, key), ref);
    ek_free(s->a, ref);
}

/* --- waits --- */

static ek_ref enqueue(ek_store *s, ek_client *c, ek_wait_queue *q, ek_ref next_of_client,
                      bool gone) {
    ek_ref ref = ek_alloc(s->a, sizeof(ek_wait_node));
    ek_wait_node *node = ek_ptr(s->a, ref);
    *node = (ek_wait_node){.queue = ek_ref_of(s->a, q), .prev = q->last,
                           .client = ek_ref_of(s->a, c), .next_of_client = next_of_client};
    if (q->last) {
        ek_wait_node *last = ek_ptr(s->a, q->last);
        EK_SET(s->a, last->next, ref);
    } else {
        EK_SET(s->a, q->first, ref);
    }
    EK_SET(s->a, q->last, ref);
    if (gone) EK_SET(s->a, q->ngone, q->ngone + 1);
    return ref;
}

static bool is_last_in(const ek_store *s, const ek_wait_queue *q, const ek_client *c) {
    return q->last && ((const ek_wait_node *)ek_ptr(s->a, q->last))->client == ek_ref_of(s->a, c);
}

void ek_wait_begin(ek_store *s, ek_client *c, uint32_t db, size_t nkeys, const ek_str *keys,
                   ek_ref argv, const void *tape, size_t n, uint32_t flags) {
    ek_ref ref = ek_alloc_zeroed(s->a, sizeof(ek_wait));
    ek_wait *w = ek_ptr(s->a, ref);
    w->argv = argv;
    w->db = db;
    w->resp = c->resp;
    w->flags = flags;
    w->time_out = ek_message_new(s, tape, n);
    for (size_t i = 0; i < nkeys; i++) {
        ek_wait_queue *q = queue_for(s, db, keys[i]);
        if (!is_last_in(s, q, c)) w->nodes = enqueue(s, c, q, w->nodes, flags & EK_WAIT_GONE);
    }
    EK_SET(s->a, c->wait, ref);
    EK_SET(s->a, s->root->nwaiting, s->root->nwaiting + 1);
}

static void unlink_node(ek_store *s, const ek_wait_node *node, bool gone) {
    ek_wait_queue *q = ek_ptr(s->a, node->queue);
    ek_wait_node *next = node->next ? ek_ptr(s->a, node->next) : NULL;
    ek_wait_node *prev = node->prev ? ek_ptr(s->a, node->prev) : NULL;
    if (next) EK_SET(s->a, next->prev, node->prev);
    else EK_SET(s->a, q->last, node->prev);
    if (prev) EK_SET(s->a, prev->next, node->next);
    else EK_SET(s->a, q->first, node->next);
    if (gone) EK_SET(s->a, q->ngone, q->ngone - 1);
    ek_wait_queue_tidy(s, q);
}

void ek_wait_end(ek_store *s, ek_client *c) {
    if (!c->wait) return;
    ek_wait *w = ek_ptr(s->a, c->wait);
    for (ek_ref at = w->nodes; at;) {
        const ek_wait_node *node = ek_ptr(s->a, at);
        ek_ref next = node->next_of_client;
        unlink_node(s, node, w->flags & EK_WAIT_GONE);
        ek_free(s->a, at);
        at = next;
    }
    ek_argv_free(s, w->argv);
    ek_message_release(s, w->time_out);
    ek_free(s->a, c->wait);
    EK_SET(s->a, c->wait, 0);
    EK_SET(s->a, s->root->nwaiting, s->root->nwaiting - 1);
}

/* --- what is ready --- */

void ek_wait_make_ready(ek_store *s, ek_wait_queue *q) {
    if (q->ready) return;
    ek_ref ref = ek_ref_of(s->a, q);
    EK_SET(s->a, q->ready, 1);
    EK_SET(s->a, q->ready_next, 0);
    if (s->root->ready) {
        ek_wait_queue *last = ek_ptr(s->a, s->root->ready_last);
        EK_SET(s->a, last->ready_next, ref);
    } else {
        EK_SET(s->a, s->root->ready, ref);
    }
    EK_SET(s->a, s->root->ready_last, ref);
}

void ek_wait_ready_slow(ek_store *s, uint32_t db, ek_str key) {
    ek_wait_queue *q = find(s, db, key);
    if (q) ek_wait_make_ready(s, q);
}

static bool make_ready_if_there(void *arg, ek_ref item) {
    ek_store *s = arg;
    ek_wait_queue *q = ek_ptr(s->a, item);
    ek_str key = {q->key, q->klen};
    const ek_table *keys = &s->dbs[q->db].keys;
    if (q->ngone || ek_table_find(s->a, keys, entry_key_of, ek_table_hash(s->a, key), key))
        ek_wait_make_ready(s, q);
    return true;
}

void ek_wait_ready_all(ek_store *s, uint32_t db) {
    if (s->root->nwaiting) ek_table_each(s->a, &s->dbs[db].waiting, make_ready_if_there, s);
}

ek_wait_queue *ek_wait_take_ready(ek_store *s) {
    if (!s->root->ready) return NULL;
    ek_wait_queue *q = ek_ptr(s->a, s->root->ready);
    EK_SET(s->a, s->root->ready, q->ready_next);
    EK_SET(s->a, q->ready, 0);
    return q;
}

/* --- checking --- */

typedef struct checking {
    const ek_store *s;
    bool ok;
} checking;

static bool check_queue(void *arg, ek_ref item) {
    checking *k = arg;
    const ek_wait_queue *q = ek_ptr(k->s->a, item);
    ek_ref prev = 0;
    uint32_t gone = 0;
    for (ek_ref at = q->first; at;) {
        const ek_wait_node *node = ek_ptr(k->s->a, at);
        const ek_client *c = ek_ptr(k->s->a, node->client);
        if (node->prev != prev || node->queue != item || !c->wait) {
            k->ok = false;
            return false;
        }
        const ek_wait *w = ek_ptr(k->s->a, c->wait);
        gone += (w->flags & EK_WAIT_GONE) != 0;
        prev = at;
        at = node->next;
    }
    if (q->last != prev || gone != q->ngone || (!q->first && !q->ready)) k->ok = false;
    return k->ok;
}

bool ek_waiting_check(const ek_store *s) {
    checking k = {.s = s, .ok = true};
    for (uint32_t i = 0; i < s->root->ndbs && k.ok; i++) {
        k.ok = ek_table_check(s->a, &s->dbs[i].waiting, key_of);
        ek_table_each(s->a, &s->dbs[i].waiting, check_queue, &k);
    }
    return k.ok;
}
