/* What a session reads, for those that track it (store/tracking.h). */
#ifndef EK_ENGINE_READS_H
#define EK_ENGINE_READS_H

#include "engine/context.h"

void ek_note_reads_slow(ek_ctx *c);
/* The command has run: enter its keys if the session tracks what it reads. */
EK_INLINE void ek_note_reads(ek_ctx *c) {
    if (EK_UNLIKELY(c->session->tracking)) ek_note_reads_slow(c);
}

#endif
