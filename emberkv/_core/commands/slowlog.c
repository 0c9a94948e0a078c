/* SLOWLOG: what took long, see store/slowlog.h. */
#include "commands/tables.h"
#include "engine/context.h"
#include "store/slowlog.h"

#define USUAL_COUNT 10

static void reply_entry(ek_ctx *c, const ek_slowlog_entry *e) {
    ek_reply_array(c->reply, 6);
    ek_reply_int(c->reply, (int64_t)e->id);
    ek_reply_int(c->reply, e->unix_s);
    ek_reply_int(c->reply, e->us);
    ek_reply_array(c->reply, e->nwords);
    for (uint32_t i = 0; i < e->nwords; i++) ek_reply_str(c->reply, ek_slowlog_word(e, (int)i));
    ek_reply_str(c->reply, ek_slowlog_word(e, -2));
    ek_reply_str(c->reply, ek_slowlog_word(e, -1));
}

void ek_cmd_slowlog_get(ek_ctx *c) {
    int64_t count = USUAL_COUNT;
    if (c->argc > 3) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try SLOWLOG HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 3 && !ek_arg_range(c, 2, -1, INT64_MAX, &count,
                                      "count should be greater than or equal to -1"))
        return;
    uint64_t there = c->s->root->slowlog.count;
    uint64_t n = count < 0 || (uint64_t)count > there ? there : (uint64_t)count;
    ek_reply_array(c->reply, n);
    const ek_slowlog_entry *e = ek_slowlog_newest(c->s);
    for (uint64_t i = 0; i < n; i++, e = ek_slowlog_older(c->s, e)) reply_entry(c, e);
}

void ek_cmd_slowlog_len(ek_ctx *c) {
    ek_reply_int(c->reply, (int64_t)c->s->root->slowlog.count);
}

void ek_cmd_slowlog_reset(ek_ctx *c) {
    ek_slowlog_trim(c->s, 0);
    ek_reply_ok(c->reply);
}
