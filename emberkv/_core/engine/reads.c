#include "engine/reads.h"

#include "engine/mail.h"
#include "store/tracking.h"

#define FEW_KEYS 16

void ek_note_reads_slow(ek_ctx *c) {
    if (!(c->cmd->flags & EK_CMD_READONLY) || c->serving) return;
    const ek_client *client = ek_session_client_if_any(c->session);
    const ek_tracking *t = ek_tracking_of(c->s, client);
    if (!t || t->flags & EK_TRACKING_BCAST) return;
    if (t->flags & EK_TRACKING_OPTIN && !c->session->caching) return;
    if (t->flags & EK_TRACKING_OPTOUT && c->session->caching) return;
    ek_key_pos few[FEW_KEYS], *keys = few;
    int n = ek_command_keys(c->cmd, c->argc, c->argv, few, FEW_KEYS);
    if (n > FEW_KEYS) {
        keys = ek_scratch_alloc(c, (size_t)n * sizeof *keys);
        ek_command_keys(c->cmd, c->argc, c->argv, keys, n);
    }
    for (int i = 0; i < n; i++) ek_tracking_read(c->s, client, c->argv[keys[i].index]);
}
