/* What a command leaves in the feed (store/feed.h).
 *
 * A command that changed something leaves its own arguments, unless it said something else: a
 * command whose result depends on the time, on chance or on who waited says what it did, in commands
 * that give the same result whenever they are run again:
 *
 *     if (ek_effects_kept(c)) ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
 *
 * Said more than once, they are all kept, in order. A handler says it in the midst of its work as
 * it likes: what is undone leaves nothing. Held against what a real server writes, command by
 * command, in tests/persist/test_effects.py. */
#ifndef EK_ENGINE_EFFECT_H
#define EK_ENGINE_EFFECT_H

#include "engine/context.h"
#include "engine/house.h"
#include "store/feed.h"

#define EK_WORD(text) ((ek_str){(const uint8_t *)(text), sizeof(text) - 1})
#define EK_ARGV(...) \
    sizeof((ek_str[]){__VA_ARGS__}) / sizeof(ek_str), (const ek_str[]) { __VA_ARGS__ }

/* Does anybody want to know? Where saying it costs anything, ask first. */
EK_INLINE bool ek_effects_kept(const ek_ctx *c) { return EK_UNLIKELY(ek_feed_on(c->s)); }

void ek_effect(ek_ctx *c, size_t argc, const ek_str *argv);
/* The command's own arguments, with argument `at` (and, up to `to`, those behind it) replaced. */
void ek_effect_with(ek_ctx *c, size_t at, size_t to, size_t n, const ek_str *by);
void ek_effect_none(ek_ctx *c); /* what it changed is nobody's business, or was said already */
ek_str ek_effect_int(ek_ctx *c, int64_t v); /* as text, until the end of the command */

/* Is the command refused, since what it changes could not be kept? Then it has replied. */
bool ek_effects_refuse(const ek_store *s, const ek_command *cmd, ek_reply *reply);
/* Would any command that writes be? Then it has replied so. */
bool ek_effects_refuse_writes(const ek_store *s, ek_reply *reply);

/* Has it changed something that is not in the feed? What lapsed, and what commands within it did, is. */
EK_INLINE bool ek_effects_due(const ek_ctx *c) { return c->s->root->dirty > c->s->dirty_told; }

/* Around a handler, where any bit of feed.on is set. False: it was refused. */
EK_INLINE bool ek_effects_begin(ek_ctx *c) {
    ek_store *s = c->s;
    uint32_t wrong = s->root->feed.on & (EK_FEED_REFUSES | EK_FEED_ALONE);
    wrong |= atomic_load_explicit(&ek_feed_state_of(s->a)->error, memory_order_relaxed);
    if (EK_UNLIKELY(wrong) && ek_effects_refuse(s, c->cmd, c->reply)) return false;
    s->dirty_told = s->root->dirty;
    ek_house_look(s);
    return true;
}

EK_INLINE void ek_effects_end(ek_ctx *c) {
    if (!c->effect_said && ek_effects_due(c)) ek_feed_add(c->s, c->dbi, c->argc, c->argv);
    c->s->dirty_told = c->s->root->dirty;
}

#endif
