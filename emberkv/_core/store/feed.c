#include "store/feed.h"

#include "arena/map.h"
#include "base/number.h"
#include "store/figures.h"
#include "store/process.h"

_Static_assert(EK_FIGURES_OFF + EK_PROCESSES * EK_FIGURES_BYTES <= EK_HEADER_BYTES - EK_PAGE,
               "the last page of the header is free");

#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"
#define GAP (sizeof MULTI - 1)
#define NO_DB UINT32_MAX
#define WRITE_AT ((uint64_t)256 << 10) /* bytes: then it is time */
#define SMALLEST_CHUNK ((size_t)4 << 10)
#define SMALL_COMMAND ((size_t)2 << 10) /* is kept together: a fraction of the smallest chunk */
#define COUNT_CHARS 24 /* of a count with its mark and the ends of two lines */
#define SELECT_MAX (5 * COUNT_CHARS)
#define STAMP "#TS:"
#define STAMP_MAX (sizeof STAMP + EK_I64_CHARS + 2)

static ek_feed *feed_of(const ek_store *s) { return &s->root->feed; }

bool ek_feed_make(ek_arena *a) {
    if (!ek_map_back(a, EK_HEADER_BYTES - EK_PAGE, EK_PAGE)) return false;
    return ek_lock_init(&ek_feed_state_of(a)->file_lock, a->shared);
}

/* --- chunks --- */

static ek_feed_chunk *chunk_at(const ek_arena *a, ek_ref ref) { return ek_ptr(a, ref); }

/* What every reader is past. */
static void free_read(ek_store *s) {
    ek_feed *f = feed_of(s);
    ek_ref reading = atomic_load(&ek_feed_state_of(s->a)->reading);
    if (!reading) return;
    while (f->first != reading && f->first != f->last) {
        ek_ref next = chunk_at(s->a, f->first)->next;
        EK_SET(s->a, f->bytes, f->bytes - ek_usable(s->a, f->first));
        ek_free(s->a, f->first);
        EK_SET(s->a, f->first, next);
    }
}

/* A small store has small chunks, so that they are no big part of it. */
static size_t chunk_bytes(const ek_store *s, size_t want) {
    size_t few = ek_max(SMALLEST_CHUNK, ek_min(EK_FEED_CHUNK, s->a->hdr->heap_max / 256));
    return ek_max(few, ek_align_up(want + sizeof(ek_feed_chunk), EK_PAGE)) - sizeof(ek_feed_chunk);
}

static ek_feed_chunk *add_chunk(ek_store *s, uint64_t at, size_t want) {
    ek_feed *f = feed_of(s);
    free_read(s);
    size_t cap = chunk_bytes(s, ek_min(want, (size_t)1 << 30));
    ek_ref ref = ek_alloc(s->a, sizeof(ek_feed_chunk) + cap);
    ek_feed_chunk *chunk = chunk_at(s->a, ref);
    *chunk = (ek_feed_chunk){.at = at, .cap = (uint32_t)cap};
    if (f->last) EK_SET(s->a, chunk_at(s->a, f->last)->next, ref);
    else EK_SET(s->a, f->first, ref);
    EK_SET(s->a, f->last, ref);
    EK_SET(s->a, f->bytes, f->bytes + ek_usable(s->a, ref));
    return chunk;
}

/* Bytes, wherever they come to lie. */
static void put(ek_store *s, const void *bytes, size_t n) {
    ek_feed *f = feed_of(s);
    const uint8_t *from = bytes;
    while (n) {
        ek_feed_chunk *chunk = f->last ? chunk_at(s->a, f->last) : NULL;
        if (!chunk || f->unit == chunk->at + chunk->cap) chunk = add_chunk(s, f->unit, n);
        uint64_t at = f->unit - chunk->at;
        size_t part = ek_min(n, chunk->cap - at);
        ek_touch_slack(s->a, chunk->bytes + at, part);
        memcpy(chunk->bytes + at, from, part);
        f->unit += part; /* announced by who begins the command */
        from += part;
        n -= part;
    }
}

/* What is left of the chunk is left out. */
static EK_NOINLINE ek_feed_chunk *next_chunk(ek_store *s, ek_feed_chunk *chunk, size_t n) {
    uint64_t at = feed_of(s)->unit;
    if (chunk) EK_SET(s->a, chunk->cap, (uint32_t)(at - chunk->at));
    return add_chunk(s, at, n);
}

/* Room for n bytes that lie together, n being small. */
EK_INLINE uint8_t *room(ek_store *s, size_t n) {
    ek_feed *f = feed_of(s);
    ek_feed_chunk *chunk = f->last ? chunk_at(s->a, f->last) : NULL;
    if (EK_UNLIKELY(!chunk || chunk->cap - (f->unit - chunk->at) < n)) chunk = next_chunk(s, chunk, n);
    uint8_t *p = chunk->bytes + (f->unit - chunk->at);
    ek_touch_slack(s->a, p, n);
    return p;
}

/* --- commands --- */

/* Few bytes, as most are, without a call. */
EK_INLINE uint8_t *copy(uint8_t *to, const uint8_t *from, size_t n) {
    if (n > 64) {
        memcpy(to, from, n);
    } else if (n > 16) { /* pieces that may overlap, as in all that follow */
        memcpy(to, from, 16);
        if (n > 32) memcpy(to + 16, from + 16, 16);
        if (n > 48) memcpy(to + 32, from + 32, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n > 0) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
    return to + n;
}

/* The lines of counts below 100, behind a mark of zero: six bytes, and in the last one how long it is. */
#define LINE(digits, n) ((uint64_t)(digits) << 8 | 0x0a0dull << (8 * ((n) - 2)) | (uint64_t)(n) << 56)
#define ONES(x, line) \
    line(x, 0), line(x, 1), line(x, 2), line(x, 3), line(x, 4), line(x, 5), line(x, 6), line(x, 7), \
        line(x, 8), line(x, 9)
#define ONE(unused, d) LINE('0' + (d), 4)
#define TWO(tens, d) LINE(('0' + (tens)) | ('0' + (d)) << 8, 5)
static const uint64_t lines[100] = {
    ONES(0, ONE), ONES(1, TWO), ONES(2, TWO), ONES(3, TWO), ONES(4, TWO),
    ONES(5, TWO), ONES(6, TWO), ONES(7, TWO), ONES(8, TWO), ONES(9, TWO),
};

/* One store, of as much as a count may take. */
EK_INLINE uint8_t *print_count(uint8_t *p, char mark, size_t n) {
    if (EK_LIKELY(n < EK_COUNTOF(lines))) {
        uint64_t line = lines[n] | (uint8_t)mark;
        memcpy(p, &line, sizeof line);
        return p + (line >> 56);
    }
    *p++ = (uint8_t)mark;
    p += ek_format_i64((char *)p, (int64_t)n);
    memcpy(p, "\r\n", 2);
    return p + 2;
}

static void put_large(ek_store *s, size_t argc, const ek_str *argv) {
    uint8_t count[COUNT_CHARS];
    put(s, count, (size_t)(print_count(count, '*', argc) - count));
    for (size_t i = 0; i < argc; i++) {
        put(s, count, (size_t)(print_count(count, '$', argv[i].n) - count));
        put(s, argv[i].p, argv[i].n);
        put(s, "\r\n", 2);
    }
}

/* What a command takes at most. */
EK_INLINE size_t bytes_at_most(size_t argc, const ek_str *argv) {
    size_t most = COUNT_CHARS * (argc + 1);
    for (size_t i = 0; i < argc; i++) most += argv[i].n;
    return most;
}

/* At p, where there is room for it; returns its end. */
EK_INLINE uint8_t *print_command(uint8_t *p, size_t argc, const ek_str *argv) {
    p = print_count(p, '*', argc);
    for (size_t i = 0; i < argc; i++) {
        p = print_count(p, '$', argv[i].n);
        p = copy(p, argv[i].p, argv[i].n);
        *p++ = '\r';
        *p++ = '\n';
    }
    return p;
}

static EK_NOINLINE uint8_t *print_select(ek_store *s, uint8_t *p, uint32_t db) {
    char digits[24];
    ek_str argv[] = {{(const uint8_t *)"SELECT", 6}, {(const uint8_t *)digits, 0}};
    argv[1].n = ek_format_i64(digits, db);
    EK_SET(s->a, feed_of(s)->db, db);
    return print_command(p, 2, argv);
}

static void select_db(ek_store *s, uint32_t db) {
    uint8_t *p = room(s, SELECT_MAX);
    feed_of(s)->unit += (uint64_t)(print_select(s, p, db) - p);
}

/* The time, at the beginning of a unit, unless that was said for this second. */
static EK_NOINLINE void stamp(ek_store *s) {
    ek_feed *f = feed_of(s);
    uint64_t now_s = (uint64_t)(ek_store_clock_us(s) / 1000000);
    if (now_s == f->stamped) return;
    EK_SET(s->a, f->stamped, now_s);
    char text[STAMP_MAX] = STAMP;
    size_t n = sizeof STAMP - 1;
    n += ek_format_u64(text + n, now_s);
    memcpy(text + n, "\r\n", 2);
    f->remark = (uint16_t)(n + 2);
    put(s, text, f->remark);
}

/* The gap for MULTI before what the transaction has added so far: nothing, or one small command. It is
 * moved under the journal, for the second may be undone and the first stay. */
static EK_NOINLINE void open_gap(ek_store *s) {
    ek_feed *f = feed_of(s);
    size_t n = f->unit - f->tail - f->remark;
    uint8_t *p = room(s, GAP) - n; /* the first was put where there was room for it as well */
    if (n) ek_touch(s->a, p, n);
    memmove(p + GAP, p, n);
    memcpy(p, MULTI, GAP);
    f->unit += GAP;
    f->gap = GAP;
}

/* One command needs no MULTI. Where it has the gap all the same, a large one or one of several of which
 * the others were undone, it is moved into that, unless it is so long that it lies in several
 * chunks. Nothing is undone to a point within the transaction any more, so what lies behind the tail
 * may move; and that root.feed changes was announced when something was added. */
static void finish_unit(void *arg) {
    ek_store *s = arg;
    ek_feed *f = feed_of(s);
    if (f->unit == f->tail) return; /* it was undone */
    if (EK_UNLIKELY(f->gap != 0)) {
        ek_feed_chunk *chunk = chunk_at(s->a, f->last);
        uint64_t at = f->tail + f->remark;
        if (f->ncommands == 1 && at >= chunk->at) {
            uint8_t *p = chunk->bytes + (at - chunk->at);
            size_t n = f->unit - at - GAP;
            ek_touch_slack(s->a, p, n);
            memmove(p, p + GAP, n);
            f->unit -= GAP;
        } else {
            put(s, EXEC, sizeof EXEC - 1);
        }
    }
    f->tail = f->unit;
    f->ncommands = 0;
    f->remark = f->gap = 0;
    s->feed_moved = true;
}

void ek_feed_add(ek_store *s, uint32_t db, size_t argc, const ek_str *argv) {
    ek_feed *f = feed_of(s);
    if (!ek_feed_on(s)) return;
    size_t most = bytes_at_most(argc, argv);
    bool first = f->unit == f->tail; /* of its transaction */
    ek_touch(s->a, &f->tail, sizeof *f - offsetof(ek_feed, tail));
    if (EK_LIKELY(first)) {
        s->a->committing = finish_unit;
        s->a->committing_for = s;
    }
    f->ncommands++;
    if (EK_UNLIKELY(s->root->config.aof_timestamp_enabled) && first) stamp(s);
    if (EK_UNLIKELY(most > SMALL_COMMAND || (!first && !f->gap)) && !f->gap) open_gap(s);
    if (EK_UNLIKELY(most > SMALL_COMMAND)) {
        if (f->db != db) select_db(s, db);
        put_large(s, argc, argv);
        return;
    }
    /* The first lies in one chunk with all that may come to belong to it. */
    uint8_t *p = room(s, most + SELECT_MAX + GAP), *from = p;
    if (EK_UNLIKELY(f->db != db)) p = print_select(s, p, db);
    f->unit += (uint64_t)(print_command(p, argc, argv) - from);
}

void ek_feed_add_key(ek_store *s, uint32_t db, const char *command, ek_str key) {
    if (!ek_feed_on(s)) return;
    ek_feed_add(s, db, 2, (ek_str[]){{(const uint8_t *)command, strlen(command)}, key});
}

void ek_feed_forget_db(ek_store *s) {
    EK_SET(s->a, feed_of(s)->db, NO_DB);
    EK_SET(s->a, feed_of(s)->stamped, 0);
}

void ek_feed_switch(ek_store *s, bool on) {
    ek_feed *f = feed_of(s);
    if (ek_feed_on(s) == on) return;
    ek_touch(s->a, f, sizeof *f);
    f->on ^= EK_FEED_KEPT;
    f->db = NO_DB;
    f->stamped = 0;
}

/* --- reading --- */

EK_INLINE uint64_t tell(ek_store *s, ek_feed_state *state) {
    ek_feed *f = feed_of(s);
    if (EK_UNLIKELY(!atomic_load_explicit(&state->reading, memory_order_relaxed)))
        atomic_store(&state->reading, f->first);
    atomic_store_explicit(&state->told, f->tail, memory_order_release);
    return f->tail;
}

uint64_t ek_feed_tell(ek_store *s) { return tell(s, ek_feed_state_of(s->a)); }

uint64_t ek_feed_due(ek_store *s) {
    ek_feed_state *state = ek_feed_state_of(s->a);
    uint64_t told = tell(s, state);
    bool always = s->root->config.appendfsync == EK_APPENDFSYNC_ALWAYS && !ek_feed_spares_disk(s);
    bool sync = s->feed_sync || always;
    s->feed_sync = false;
    if (sync) return told | EK_FEED_SYNC;
    uint64_t unwritten = told - atomic_load_explicit(&state->written, memory_order_relaxed);
    if (EK_LIKELY(unwritten < WRITE_AT)) return 0;
    bool much = unwritten > ek_feed_held_back(s);
    /* Who keeps house writes it meanwhile; he is told once, until he has begun. */
    return much || !atomic_exchange(&state->rung, 1) ? told : 0;
}

static void free_all_read(void *arg) { free_read(arg); }

bool ek_feed_relieve(ek_store *s) {
    const ek_feed *f = feed_of(s);
    uint64_t before = f->bytes;
    if (!s->feed_due || f->first == f->last) return false;
    s->feed_due(s, ek_feed_tell(s) | EK_FEED_SYNC);
    return ek_run(s->a, free_all_read, s) == EK_OK && f->bytes < before;
}

static void begin_chunk_anew(void *arg) {
    ek_store *s = arg;
    EK_SET(s->a, chunk_at(s->a, feed_of(s)->last)->at, feed_of(s)->tail);
}

bool ek_feed_reuse(ek_store *s) {
    const ek_feed *f = feed_of(s);
    if (!s->feed_due || !f->last || f->first != f->last || chunk_at(s->a, f->last)->at == f->tail)
        return false;
    s->feed_due(s, ek_feed_tell(s) | EK_FEED_SYNC);
    return !ek_feed_unwritten(s) && ek_run(s->a, begin_chunk_anew, s) == EK_OK;
}

ek_str ek_feed_read(const ek_arena *a, ek_ref *chunk, uint64_t *at, uint64_t n) {
    const ek_feed_chunk *c = chunk_at(a, *chunk);
    while (*at >= c->at + c->cap) {
        *chunk = c->next;
        c = chunk_at(a, *chunk);
    }
    ek_str out = {c->bytes + (*at - c->at), ek_min(n, c->at + c->cap - *at)};
    *at += out.n;
    return out;
}
