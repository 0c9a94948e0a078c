/* A client as CLIENT LIST, CLIENT INFO and the log of refusals tell it: one line of fields. */
#ifndef EK_ENGINE_CLIENT_LINE_H
#define EK_ENGINE_CLIENT_LINE_H

#include "engine/context.h"
#include "store/client.h"

typedef struct ek_client_subject {
    ek_client *client;         /* NULL: a session that nobody else can see */
    const ek_session *session; /* NULL: another process's */
    uint64_t id;
    int64_t age_s;
} ek_client_subject;

/* The session's own. */
ek_client_subject ek_client_subject_of(ek_ctx *c);
/* The line, ended by a newline. Returns its length, also when that is more than fits. */
size_t ek_client_line(ek_ctx *c, const ek_client_subject *s, char *out, size_t cap);

#endif
