/* HyperLogLog: PFADD, PFCOUNT, PFMERGE and what looks into one. */
#include "data/hyperloglog.h"

#include <math.h>

#include "engine/context.h"
#include "store/string.h"

/* --- shared --- */

static void reply_corrupt(ek_ctx *c) {
    ek_reply_error(c->reply, "INVALIDOBJ Corrupted HLL object detected");
}

/* As ek_lookup_type, for strings that are a HyperLogLog. */
static ek_found find_hll(ek_ctx *c, ek_str key, ek_value *v) {
    ek_found found = ek_lookup_type(c, key, EK_STRING, v);
    if (found != EK_FOUND || (v->enc != EK_ENC_INT && ek_hll_is(v->data, v->len))) return found;
    ek_reply_error(c->reply, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return EK_WRONG_TYPE;
}

/* Make v, which may be a key that is not there, a HyperLogLog that can be changed. */
static void prepare(ek_ctx *c, ek_value *v) {
    if (v->entry) {
        ek_value_set_encoding(c->s, v, EK_ENC_RAW);
        return;
    }
    uint8_t empty[EK_HLL_EMPTY_BYTES];
    ek_hll_init(empty);
    ek_entry_plan plan = {
        .key = v->key, .type = EK_STRING, .enc = EK_ENC_RAW, .expire_ms = EK_NO_EXPIRE,
        .access = ek_access_begin(c->s), .bytes = empty, .len = sizeof empty,
    };
    ek_keyspace_add(c->s, c->db, &plan, v->hash, v);
}

static void store_bytes(ek_ctx *c, ek_value *v, const uint8_t *p, size_t n) {
    memcpy(ek_value_splice(c->s, c->db, v, 0, v->len, n), p, n);
}

/* False: its runs make no sense. */
static bool make_dense(ek_ctx *c, ek_value *v) {
    if (ek_hll_is_dense(v->data)) return true;
    uint8_t *dense = ek_scratch_alloc(c, EK_HLL_DENSE_BYTES);
    if (!ek_hll_densify(dense, v->data, v->len)) return false;
    store_bytes(c, v, dense, EK_HLL_DENSE_BYTES);
    return true;
}

static void changed(ek_ctx *c, ek_value *v) {
    if (!ek_hll_is_stale(v->data))
        *ek_value_overwrite(c->s, v, EK_HLL_STALE_AT, 1) |= EK_HLL_STALE;
    ek_key_changed(c, v->key, EK_EVENT_STRING, "pfadd");
}

/* --- PFADD --- */

static size_t max_sparse_bytes(const ek_ctx *c) {
    return (size_t)c->s->root->config.hll_sparse_max_bytes;
}

static ek_hll_outcome raise_dense(ek_ctx *c, ek_value *v, uint32_t index, unsigned rank) {
    if (ek_hll_get(v->data, index) >= rank) return EK_HLL_SAME;
    ek_value_overwrite(c->s, v, ek_hll_at(index), ek_hll_width(index));
    ek_hll_set(v->data, index, rank);
    return EK_HLL_CHANGED;
}

static ek_hll_outcome raise(ek_ctx *c, ek_value *v, uint32_t index, unsigned rank) {
    if (ek_hll_is_dense(v->data)) return raise_dense(c, v, index, rank);
    ek_hll_plan plan;
    ek_hll_outcome o =
        ek_hll_plan_raise(v->data, v->len, max_sparse_bytes(c), index, rank, &plan);
    if (o == EK_HLL_CHANGED)
        memcpy(ek_value_splice(c->s, c->db, v, plan.at, plan.remove, plan.insert), plan.bytes,
               plan.insert);
    if (o != EK_HLL_DENSE) return o;
    return make_dense(c, v) ? raise_dense(c, v, index, rank) : EK_HLL_CORRUPT;
}

void ek_cmd_pfadd(ek_ctx *c) {
    ek_value v;
    ek_found found = find_hll(c, c->argv[1], &v);
    if (found == EK_WRONG_TYPE) return;
    int64_t news = found == EK_ABSENT;
    prepare(c, &v);
    for (size_t i = 2; i < c->argc; i++) {
        uint32_t index;
        unsigned rank = ek_hll_rank(c->argv[i].p, c->argv[i].n, &index);
        /* Of many, to one that has seen many, most change nothing. */
        if (ek_hll_is_dense(v.data) && ek_hll_get(v.data, index) >= rank) continue;
        ek_hll_outcome o = raise(c, &v, index, rank);
        if (o == EK_HLL_CORRUPT) {
            if (news) changed(c, &v);
            reply_corrupt(c);
            return;
        }
        news += o == EK_HLL_CHANGED;
    }
    if (news) changed(c, &v);
    ek_changed_elements(c, news);
    ek_reply_int(c->reply, news > 0);
}

/* --- PFCOUNT --- */

static void count_one(ek_ctx *c) {
    ek_value v;
    ek_found found = find_hll(c, c->argv[1], &v);
    if (found == EK_ABSENT) ek_reply_int(c->reply, 0);
    if (found != EK_FOUND) return;
    prepare(c, &v);
    if (!ek_hll_is_stale(v.data)) {
        ek_reply_int(c->reply, (int64_t)ek_hll_cached(v.data));
        return;
    }
    uint64_t count;
    if (!ek_hll_count(v.data, v.len, &count)) {
        reply_corrupt(c);
        return;
    }
    ek_store64(ek_value_overwrite(c->s, &v, 8, 8), count & INT64_MAX);
    ek_key_changed_quietly(c, v.key);
    ek_reply_int(c->reply, (int64_t)count);
}

/* Raise the registers to those of the keys from argument `at` on. *dense: was one of them? Has
 * replied when false. */
static bool merge_keys(ek_ctx *c, size_t at, uint8_t *registers, bool *dense) {
    memset(registers, 0, EK_HLL_REGISTERS);
    *dense = false;
    for (; at < c->argc; at++) {
        ek_value v;
        ek_found found = find_hll(c, c->argv[at], &v);
        if (found == EK_WRONG_TYPE) return false;
        if (found == EK_ABSENT) continue;
        *dense |= ek_hll_is_dense(v.data);
        if (!ek_hll_merge(registers, v.data, v.len)) {
            reply_corrupt(c);
            return false;
        }
    }
    return true;
}

void ek_cmd_pfcount(ek_ctx *c) {
    if (c->argc == 2) {
        count_one(c);
        return;
    }
    bool dense;
    uint8_t *registers = ek_scratch_alloc(c, EK_HLL_REGISTERS);
    if (merge_keys(c, 1, registers, &dense))
        ek_reply_int(c->reply, (int64_t)ek_hll_count_registers(registers));
}

/* --- PFMERGE --- */

#define SPARSE_ROOM (EK_HLL_HEAD + 2 * EK_HLL_REGISTERS + EK_HLL_PLAN_BYTES)

/* Raise the registers of a sparse one, which `registers` hold too, in scratch memory, one after
 * another as the servers do, and store what it became: dense, when it can no longer be sparse. */
static void raise_sparse(ek_ctx *c, ek_value *v, const uint8_t *registers) {
    uint8_t *p = ek_scratch_alloc(c, SPARSE_ROOM);
    size_t n = v->len, max_bytes = max_sparse_bytes(c);
    memcpy(p, v->data, n);
    for (uint32_t i = 0; i < EK_HLL_REGISTERS; i++) {
        ek_hll_plan plan;
        if (i % 8 == 0 && ek_load64(registers + i) == 0) i += 7;
        if (registers[i] == 0) continue;
        ek_hll_outcome o = ek_hll_plan_raise(p, n, max_bytes, i, registers[i], &plan);
        if (o == EK_HLL_CHANGED) {
            uint8_t *at = p + plan.at;
            memmove(at + plan.insert, at + plan.remove, n - plan.at - plan.remove);
            memcpy(at, plan.bytes, plan.insert);
            n = n + plan.insert - plan.remove;
        } else if (o == EK_HLL_DENSE) {
            uint8_t *dense = ek_scratch_alloc(c, EK_HLL_DENSE_BYTES);
            ek_hll_densify(dense, p, n);
            ek_hll_pack(dense, registers);
            store_bytes(c, v, dense, EK_HLL_DENSE_BYTES);
            return;
        }
    }
    if (n != v->len || memcmp(p, v->data, n) != 0) store_bytes(c, v, p, n);
}

void ek_cmd_pfmerge(ek_ctx *c) {
    bool dense;
    uint8_t *registers = ek_scratch_alloc(c, EK_HLL_REGISTERS);
    if (!merge_keys(c, 1, registers, &dense)) return;
    ek_value v;
    find_hll(c, c->argv[1], &v);
    prepare(c, &v);
    if (dense) {
        make_dense(c, &v);
        ek_value_overwrite(c->s, &v, EK_HLL_HEAD, EK_HLL_DENSE_BYTES - EK_HLL_HEAD);
        ek_hll_pack(v.data, registers); /* its own are among them */
    } else {
        raise_sparse(c, &v, registers);
    }
    changed(c, &v);
    ek_reply_ok(c->reply);
}

/* --- PFDEBUG --- */

static bool make_dense_quietly(ek_ctx *c, ek_value *v) {
    if (!make_dense(c, v)) {
        reply_corrupt(c);
        return false;
    }
    ek_key_changed_quietly(c, v->key);
    return true;
}

static void reply_registers(ek_ctx *c, ek_value *v) {
    if (!ek_hll_is_dense(v->data) && !make_dense_quietly(c, v)) return;
    ek_reply_array(c->reply, EK_HLL_REGISTERS);
    for (uint32_t i = 0; i < EK_HLL_REGISTERS; i++)
        ek_reply_int(c->reply, ek_hll_get(v->data, i));
}

static char *put_number(char *to, uint64_t v) { return to + ek_format_u64(to, v); }

static void reply_runs(ek_ctx *c, const ek_value *v) {
    if (ek_hll_is_dense(v->data)) {
        ek_reply_error(c->reply, "ERR HLL encoding is not sparse");
        return;
    }
    const uint8_t *at = v->data + EK_HLL_HEAD, *end = v->data + v->len;
    char *text = ek_scratch_alloc(c, (v->len + 1) * sizeof "Z:16384 "), *to = text;
    for (ek_hll_run run; ek_hll_read_run(at, end, &run); at += run.bytes) {
        *to++ = run.kind;
        *to++ = ':';
        if (run.kind == 'v') {
            to = put_number(to, run.value);
            *to++ = ',';
        }
        to = put_number(to, run.length);
        *to++ = ' ';
    }
    ek_reply_bulk(c->reply, text, (size_t)(to - text) - (to > text));
}

void ek_cmd_pfdebug(ek_ctx *c) {
    ek_value v;
    ek_found found = find_hll(c, c->argv[2], &v);
    if (found == EK_ABSENT) ek_reply_error(c->reply, "ERR The specified key does not exist");
    if (found != EK_FOUND) return;
    prepare(c, &v);
    bool dense = ek_hll_is_dense(v.data);
    if (ek_arg_is(c, 1, "getreg")) reply_registers(c, &v);
    else if (ek_arg_is(c, 1, "decode")) reply_runs(c, &v);
    else if (ek_arg_is(c, 1, "encoding")) ek_reply_status(c->reply, dense ? "dense" : "sparse");
    else if (!ek_arg_is(c, 1, "todense"))
        ek_reply_error(c->reply, "ERR Unknown PFDEBUG subcommand '%.*s'",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
    else if (dense || make_dense_quietly(c, &v)) ek_reply_int(c->reply, !dense);
}

/* --- PFSELFTEST --- */

#define ELEMENTS 300000u
#define ERRORS_ALLOWED 6 /* standard errors of an estimate: one in 10^9 is further off */

/* Registers written in any order are read as they were written. */
static bool registers_hold(uint8_t *dense, uint8_t *model) {
    memset(dense, 0, EK_HLL_DENSE_BYTES);
    memset(model, 0, EK_HLL_REGISTERS);
    for (uint32_t n = 0; n < 4 * EK_HLL_REGISTERS; n++) {
        uint32_t index = n * 40503u % EK_HLL_REGISTERS;
        model[index] = (uint8_t)((n * 2654435761u >> 13) & 63);
        ek_hll_set(dense, index, model[index]);
    }
    for (uint32_t i = 0; i < EK_HLL_REGISTERS; i++)
        if (ek_hll_get(dense, i) != model[i]) return false;
    return true;
}

/* Adding numbers to both forms, the counts agree, and are as near as they should be. */
static bool counts_hold(uint8_t *dense, uint8_t *sparse) {
    size_t n = EK_HLL_EMPTY_BYTES;
    bool is_sparse = true;
    ek_hll_init(sparse);
    ek_hll_densify(dense, sparse, n);
    for (uint64_t i = 1, next = 1; i <= ELEMENTS; i++) {
        uint32_t index;
        ek_hll_plan plan;
        unsigned rank = ek_hll_rank((const uint8_t *)&i, sizeof i, &index);
        if (ek_hll_get(dense, index) < rank) ek_hll_set(dense, index, rank);
        ek_hll_outcome o = is_sparse ? ek_hll_plan_raise(sparse, n, 3000, index, rank, &plan)
                                     : EK_HLL_SAME;
        if (o == EK_HLL_CHANGED) {
            uint8_t *at = sparse + plan.at;
            memmove(at + plan.insert, at + plan.remove, n - plan.at - plan.remove);
            memcpy(at, plan.bytes, plan.insert);
            n = n + plan.insert - plan.remove;
        } else if (o != EK_HLL_SAME) {
            is_sparse = false;
        }
        if (i < next) continue;
        next = i + i / 4 + 1;
        uint64_t count, other;
        if (!ek_hll_count(dense, EK_HLL_DENSE_BYTES, &count)) return false;
        if (is_sparse && (!ek_hll_count(sparse, n, &other) || other != count)) return false;
        double off = fabs((double)count - (double)i), error = 1.04 / sqrt(EK_HLL_REGISTERS);
        if (off > ceil(ERRORS_ALLOWED * error * (double)i)) return false;
    }
    return true;
}

void ek_cmd_pfselftest(ek_ctx *c) {
    uint8_t *dense = ek_scratch_alloc(c, EK_HLL_DENSE_BYTES);
    uint8_t *other = ek_scratch_alloc(c, SPARSE_ROOM);
    if (!registers_hold(dense, other))
        ek_reply_error(c->reply, "TESTFAILED registers are not read as they were written");
    else if (!counts_hold(dense, other))
        ek_reply_error(c->reply, "TESTFAILED counts are too far off, or differ between the forms");
    else
        ek_reply_ok(c->reply);
}
