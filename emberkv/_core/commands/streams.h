/* What the files of the stream commands share. */
#ifndef EK_COMMANDS_STREAMS_H
#define EK_COMMANDS_STREAMS_H

#include "engine/context.h"
#include "store/value_stream.h"
#include "store/value_stream_groups.h"

/* --- ids as arguments: each replies the error itself and returns false --- */

/* "ms-seq" or "ms"; seq is what stands for a missing one. */
bool ek_stream_parse_id(ek_str s, uint64_t seq, ek_id *id); /* no reply */
bool ek_stream_arg_id(ek_ctx *c, size_t i, uint64_t seq, ek_id *id);
/* The same, or "-" and "+". With an exclusive "(": the id behind or before it. */
bool ek_stream_arg_start(ek_ctx *c, size_t i, ek_id *id);
bool ek_stream_arg_end(ek_ctx *c, size_t i, ek_id *id);
/* Arguments from i on, n of them; in scratch memory. NULL: one is wrong. */
ek_id *ek_stream_arg_ids(ek_ctx *c, size_t i, size_t n);

/* --- the value --- */

typedef struct ek_stream_key {
    ek_value v;
    ek_stream *st;
    ek_group *group;
} ek_stream_key;

/* As ek_lookup_type. */
ek_found ek_stream_lookup(ek_ctx *c, ek_str key, ek_stream_key *k);
/* With a group. EK_WRONG_TYPE has replied; EK_ABSENT, for the want of either, has not. */
ek_found ek_stream_lookup_group(ek_ctx *c, ek_str key, ek_str group, ek_stream_key *k);

/* Tell of a change that the servers do not tell watchers of; event NULL: nor anybody else. */
void ek_stream_noted(ek_ctx *c, ek_str key, const char *event);

/* The consumer of that name; made, and told, if it is not there. */
ek_consumer *ek_stream_consumer(ek_ctx *c, ek_str key, ek_group *g, ek_str name);

/* --- effects: what delivery leaves in the feed --- */

ek_str ek_stream_effect_id(ek_ctx *c, ek_id id); /* as text, until the end of the command */
/* An entry is pending with a consumer now, as it stands. */
void ek_stream_pending_effect(ek_ctx *c, ek_str key, const ek_group *g, ek_str consumer, ek_id id);
/* How far the group has read. */
void ek_stream_group_effect(ek_ctx *c, ek_str key, const ek_group *g);

/* --- deleting, and what groups still refer to --- */

typedef enum ek_stream_refs {
    EK_REFS_KEEP,  /* groups are not looked at */
    EK_REFS_DELETE, /* what is deleted is pending nowhere any more */
    EK_REFS_ACKED, /* only what no group waits for is deleted */
} ek_stream_refs;

bool ek_stream_arg_refs(const ek_ctx *c, size_t i, ek_stream_refs *refs); /* no reply */
/* Is there a group that has it pending or was never given it? */
bool ek_stream_is_wanted(const ek_arena *a, const ek_stream *st, ek_id id);
void ek_stream_forget(ek_ctx *c, ek_stream *st, ek_id id); /* nobody has it pending any more */
/* What is left to do after entries were deleted one by one; highest: of their ids. */
void ek_stream_deleted(ek_ctx *c, ek_str key, ek_stream *st, ek_id highest);

/* --- replies --- */

#define EK_ID_TEXT_CHARS (2 * 20 + 1)
size_t ek_stream_format_id(char *out, ek_id id); /* without a zero byte; its length */
void ek_stream_reply_id(ek_ctx *c, ek_id id);
/* [id, [name, value, ...]]; `more` elements of the outer array are left to the caller. */
void ek_stream_reply_entry(ek_ctx *c, ek_stream_iter *it, size_t more);
/* Entries of [from, to], at most count; 0: all. Returns how many. */
size_t ek_stream_reply_range(ek_ctx *c, const ek_stream *st, ek_id from, ek_id to, int64_t count,
                             bool reverse);
void ek_stream_reply_no_group(ek_ctx *c, ek_str key, ek_str group);

#endif
