/* What the files of the set commands share. */
#ifndef EK_COMMANDS_SETS_H
#define EK_COMMANDS_SETS_H

#include "engine/context.h"
#include "store/value_set.h"

/* Members in scratch memory. */
typedef struct ek_members {
    ek_ctx *c;
    ek_str *list;
    size_t n, cap;
} ek_members;

/* Both are ek_set_each_fn. The text of an integer is copied into scratch memory. */
bool ek_members_collect(void *members, ek_str member, const char *room);
bool ek_set_reply_member(void *reply, ek_str member, const char *room);

ek_str ek_member_keep(ek_ctx *c, ek_str member, const char *room);

#endif
