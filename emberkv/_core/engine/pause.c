#include "engine/pause.h"

#include "base/clock.h"

bool (*ek_script_only_reads)(const ek_store *s, const ek_command *cmd, size_t argc,
                             const ek_str *argv);

static bool runs_script(const ek_command *cmd) {
    return cmd->categories & EK_ACL_SCRIPTING && cmd->flags & EK_CMD_SKIP_MONITOR;
}

/* May it change something, here, at a receiver of its message or (PFCOUNT) in what it keeps for later? */
static bool may_write(const ek_session *session, const ek_command *cmd, size_t argc,
                      const ek_str *argv) {
    static const char *const others[] = {"publish", "spublish", "pfcount"};
    if (!cmd) return false;
    if (cmd->flags & EK_CMD_WRITE) return true;
    for (size_t i = 0; i < EK_COUNTOF(others); i++)
        if (strcmp(cmd->name, others[i]) == 0) return true;
    if (runs_script(cmd) && !(cmd->flags & EK_CMD_READONLY))
        return !ek_script_only_reads || !ek_script_only_reads(session->s, cmd, argc, argv);
    if (strcmp(cmd->name, "exec") != 0) return false;
    for (size_t i = 0; i < session->nqueue; i++) {
        const ek_queued *q = &session->queue[i];
        if (may_write(session, q->cmd, q->argc, q->argv)) return true;
    }
    return false;
}

int64_t ek_pause_left_ms_slow(const ek_session *session, const ek_command *cmd, size_t argc,
                              const ek_str *argv) {
    const ek_store_root *root = session->s->root;
    if (session->s->a->level > 0 || session->in_exec) return 0;
    if (root->pause_writes && !may_write(session, cmd, argc, argv)) return 0;
    int64_t left = root->pause_until_ms - ek_clock_monotonic_ms();
    return left > 0 ? left : 0;
}

bool ek_pause(ek_store *s, int64_t ms, bool writes_only) {
    ek_store_root *root = s->root;
    int64_t now = ek_clock_monotonic_ms();
    if (ms > INT64_MAX - now) return false;
    int64_t until = now + ms;
    bool goes_on = root->pause_until_ms > now;
    if (goes_on && root->pause_until_ms > until) until = root->pause_until_ms;
    if (goes_on && !root->pause_writes) writes_only = false;
    EK_SET(s->a, root->pause_until_ms, until);
    EK_SET(s->a, root->pause_writes, writes_only);
    ek_lock_reads(s->a, EK_LOCKED_PAUSE, !writes_only);
    return true;
}

void ek_pause_end(ek_store *s) {
    EK_SET(s->a, s->root->pause_until_ms, 0);
    ek_lock_reads(s->a, EK_LOCKED_PAUSE, false);
}

void ek_pause_tidy_slow(ek_store *s) {
    if (s->root->pause_until_ms <= ek_clock_monotonic_ms()) ek_pause_end(s);
}
