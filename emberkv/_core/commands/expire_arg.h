/* The time in an option such as EX 10 or PXAT 1700000000000, for SET, GETEX, EXPIRE and others. */
#ifndef EK_COMMANDS_EXPIRE_ARG_H
#define EK_COMMANDS_EXPIRE_ARG_H

#include "engine/context.h"

/* Take argument i as a time: in seconds or milliseconds, from now on or absolute. out is absolute, in
 * milliseconds. Has replied when false; a time that is not positive or overflows is refused with the
 * command's name, as SET does. */
EK_INLINE bool ek_arg_expire(ek_ctx *c, size_t i, bool in_seconds, bool absolute, int64_t *out) {
    int64_t t;
    if (!ek_arg_i64(c, i, &t)) return false;
    int64_t now = absolute ? 0 : ek_now_ms(c);
    if (t <= 0 || (in_seconds && t > INT64_MAX / 1000) ||
        (in_seconds ? t * 1000 : t) > INT64_MAX - now) {
        ek_reply_error(c->reply, "ERR invalid expire time in '%s' command", c->cmd->name);
        return false;
    }
    *out = (in_seconds ? t * 1000 : t) + now;
    if (*out == EK_NO_EXPIRE) *out = EK_NO_EXPIRE - 1;
    return true;
}

#endif
