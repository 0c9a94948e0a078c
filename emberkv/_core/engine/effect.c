#include "engine/effect.h"

#include "base/number.h"
#include "engine/house.h"

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

bool ek_effects_begin(ek_ctx *c) {
    int error = c->cmd->flags & EK_CMD_WRITE ? ek_effects_refused(c) : 0;
    if (error) {
        ek_reply_error(c->reply, "MISCONF Errors writing to the AOF file: %s", strerror(error));
        return false;
    }
    c->s->dirty_told = c->s->root->dirty;
    ek_house_look(c->s);
    return true;
}

void ek_effects_end(ek_ctx *c) {
    if (!c->effect_said && ek_effects_due(c)) ek_feed_add(c->s, c->dbi, c->argc, c->argv);
    c->s->dirty_told = c->s->root->dirty;
}
