#include "engine/effect.h"

#include "base/number.h"

static const char SAVE_FAILED[] =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). "
    "Please check the Redis logs for details about the RDB error.";

void ek_effect(ek_ctx *c, size_t argc, const ek_str *argv) {
    if (!ek_effects_kept(c)) return;
    c->effect_said = true;
    ek_feed_add(c->s, c->dbi, argc, argv);
}

void ek_effect_with(ek_ctx *c, size_t at, size_t to, size_t n, const ek_str *by) {
    if (!ek_effects_kept(c)) return;
    size_t argc = at + n + (c->argc - to);
    ek_str *argv = ek_scratch_alloc(c, argc * sizeof *argv);
    memcpy(argv, c->argv, at * sizeof *argv);
    memcpy(argv + at, by, n * sizeof *argv);
    memcpy(argv + at + n, c->argv + to, (c->argc - to) * sizeof *argv);
    ek_effect(c, argc, argv);
}

void ek_effect_none(ek_ctx *c) { c->effect_said = true; }

ek_str ek_effect_int(ek_ctx *c, int64_t v) {
    char *text = ek_scratch_alloc(c, 24);
    return (ek_str){(const uint8_t *)text, ek_format_i64(text, v)};
}

static bool refuse_for_disk(const ek_store *s, ek_reply *reply) {
    uint32_t on = s->root->feed.on;
    if (on & EK_FEED_REFUSES) {
        ek_reply_error(reply, "%s", SAVE_FAILED);
        return true;
    }
    uint32_t error = on ? atomic_load_explicit(&ek_feed_state_of(s->a)->error, memory_order_relaxed)
                        : 0;
    if (error) ek_reply_error(reply, "MISCONF Errors writing to the AOF file: %s", strerror((int)error));
    return error != 0;
}

bool ek_effects_refuse_writes(const ek_store *s, ek_reply *reply) {
    if (EK_UNLIKELY(s->loading)) return false; /* it has been written */
    if (refuse_for_disk(s, reply)) return true;
    if (!(s->root->feed.on & EK_FEED_ALONE)) return false;
    ek_reply_error(reply, "NOREPLICAS Not enough good replicas to write.");
    return true;
}

bool ek_effects_refuse(const ek_store *s, const ek_command *cmd, ek_reply *reply) {
    if (cmd->flags & EK_CMD_WRITE) return ek_effects_refuse_writes(s, reply);
    return strcmp(cmd->name, "ping") == 0 && refuse_for_disk(s, reply);
}
