#include "engine/acl.h"

#include <stdlib.h>

#include "engine/client_line.h"
#include "engine/mail.h"
#include "engine/scratch.h"
#include "engine/stats.h"
#include "store/channels.h"

#define FEW_KEYS 32
#define LINE_BYTES 1024

/* --- what this process has compiled --- */

typedef struct compiled {
    ek_str name;
    uint64_t version; /* ek_user.version; 0: default, which has no block */
    uint8_t *bytes;   /* a copy of name and rules, which the user's texts point into */
    bool kept;
    ek_acl_user user;
} compiled;

/* All users in the order of their names, made anew when one has changed: so a log-in takes no longer
 * for a user that was not met before, and tells nobody which there are. */
struct ek_acl {
    uint64_t version; /* of the store's users */
    compiled **users;
    size_t n;
};

static const char UNLIMITED[] = "on\0nopass\0~*\0&*\0+@all";

static bool is_default(ek_str name) { return ek_str_eq(name, EK_DEFAULT_USER); }

static ek_str rules_of(const ek_user *u) {
    return u ? ek_user_rules(u) : (ek_str){(const uint8_t *)UNLIMITED, sizeof UNLIMITED};
}

static void free_compiled(compiled *u) {
    ek_acl_user_free(&u->user);
    free(u->bytes);
    free(u);
}

static void free_all(struct ek_acl *acl) {
    for (size_t i = 0; i < acl->n; i++) free_compiled(acl->users[i]);
    free(acl->users);
    free(acl);
}

static compiled *compile(ek_str name, const ek_user *stored) {
    ek_str rules = rules_of(stored);
    compiled *u = calloc(1, sizeof *u);
    if (!u) return NULL;
    u->bytes = malloc(name.n + rules.n);
    if (!u->bytes) goto fail;
    if (name.n) memcpy(u->bytes, name.p, name.n);
    memcpy(u->bytes + name.n, rules.p, rules.n);
    u->name = (ek_str){u->bytes, name.n};
    u->version = stored ? stored->version : 0;
    if (!ek_acl_user_init(&u->user, false) ||
        !ek_acl_apply_stored(&u->user, (ek_str){u->bytes + name.n, rules.n}))
        goto fail;
    return u;
fail:
    free_compiled(u);
    return NULL;
}

static int by_name(const void *one, const void *other) {
    ek_str a = (*(compiled *const *)one)->name, b = (*(compiled *const *)other)->name;
    int c = memcmp(a.p, b.p, ek_min(a.n, b.n));
    return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

static compiled *find_compiled(const struct ek_acl *acl, ek_str name) {
    compiled wanted = {.name = {name.p ? name.p : (const uint8_t *)"", name.n}}, *key = &wanted;
    compiled **at = acl->n ? bsearch(&key, acl->users, acl->n, sizeof key, by_name) : NULL;
    return at ? *at : NULL;
}

typedef struct compiling {
    const struct ek_acl *old;
    compiled **users;
    size_t n;
} compiling;

static bool add_user(compiling *k, ek_str name, const ek_user *stored) {
    compiled *u = find_compiled(k->old, name);
    if (!u || u->version != (stored ? stored->version : 0)) u = compile(name, stored);
    else u->kept = true;
    if (!u) return false;
    k->users[k->n++] = u;
    return true;
}

static bool add_stored(void *arg, const ek_user *u) { return add_user(arg, ek_user_name(u), u); }

static bool refresh(ek_store *s) {
    struct ek_acl *acl = s->acl;
    bool implied = !ek_user_find(s, EK_DEFAULT_USER);
    size_t n = s->root->users.by_name.count + implied;
    compiling k = {.old = acl, .users = malloc(n * sizeof *k.users)};
    if (!k.users) return false;
    ek_users_each(s, add_stored, &k);
    if (implied) add_user(&k, EK_DEFAULT_USER, NULL);
    bool ok = k.n == n;
    for (size_t i = 0; !ok && i < k.n; i++) {
        if (!k.users[i]->kept) free_compiled(k.users[i]);
        k.users[i] = NULL;
    }
    for (size_t i = 0; i < acl->n; i++) {
        bool kept = acl->users[i]->kept;
        acl->users[i]->kept = false;
        if (ok && !kept) free_compiled(acl->users[i]);
    }
    if (!ok) {
        free(k.users);
        return false;
    }
    qsort(k.users, n, sizeof *k.users, by_name);
    free(acl->users);
    *acl = (struct ek_acl){.version = s->root->users.version, .users = k.users, .n = n};
    return true;
}

const ek_acl_user *ek_acl_find(ek_store *s, ek_str name) {
    if (!s->acl) {
        s->acl = calloc(1, sizeof *s->acl);
        s->free_acl = free_all;
        if (!s->acl) ek_raise(s->a, EK_ENOMEM);
    }
    if ((!s->acl->n || s->acl->version != s->root->users.version) && !refresh(s))
        ek_raise(s->a, EK_ENOMEM);
    const compiled *u = find_compiled(s->acl, name);
    return u ? &u->user : NULL;
}

bool ek_acl_knows(const ek_store *s, ek_str name) {
    return is_default(name) || ek_user_find(s, name) != NULL;
}

/* The rules of the session's user. NULL: that has gone, and the session is nobody's. */
static const ek_acl_user *user_of(ek_session *session) {
    ek_store *s = session->s;
    if (EK_LIKELY(session->acl && session->acl_version == s->root->users.version))
        return session->acl;
    ek_str name = ek_acl_name(session);
    const ek_user *stored = ek_user_find(s, name);
    session->acl = NULL;
    if (session->has_user && (!stored || stored->id != session->user_id)) {
        session->needs_auth = true; /* for ever, or until it logs in */
        return NULL;
    }
    session->acl = ek_acl_find(s, name);
    session->acl_version = s->root->users.version;
    return session->acl;
}

/* --- checking --- */

static bool allows_command(const ek_acl_selector *sel, const ek_command *cmd, size_t argc,
                           const ek_str *argv) {
    if (cmd->flags & EK_CMD_NO_AUTH || ek_acl_allows_command(sel, cmd)) return true;
    for (size_t i = 0; i < sel->nrules && argc > 1; i++) {
        const ek_acl_rule *r = &sel->rules[i];
        if (r->cmd == cmd && r->first.p && ek_acl_same_word(r->first, argv[1])) return true;
    }
    return false;
}

static bool allows_key(const ek_acl_selector *sel, ek_str key, uint32_t what) {
    uint32_t needs = (what & EK_KEY_ACCESS ? EK_ACL_MAY_READ : 0) |
                     (what & (EK_KEY_INSERT | EK_KEY_DELETE | EK_KEY_UPDATE) ? EK_ACL_MAY_WRITE : 0);
    for (size_t i = 0; i < sel->nkeys; i++) {
        const ek_acl_pattern *p = &sel->keys[i];
        if ((p->may & needs) == needs && ek_glob_match(p->glob, key, false)) return true;
    }
    return false;
}

/* A pattern that is subscribed to must be one of the user's to the letter. */
static bool allows_channel(const ek_acl_selector *sel, ek_str channel, bool is_pattern) {
    for (size_t i = 0; i < sel->nchannels; i++) {
        ek_str glob = sel->channels[i].glob;
        if (is_pattern ? ek_str_eq(glob, channel) : ek_glob_match(glob, channel, false)) return true;
    }
    return false;
}

typedef struct wants {
    const ek_key_pos *keys;
    size_t nkeys, first_channel, end_channel;
    bool patterns;
} wants;

/* Which arguments name channels. */
static void find_channels(const ek_command *cmd, size_t argc, wants *w) {
    static const char *const subscribing[] = {"subscribe", "ssubscribe", "psubscribe"};
    if (!(cmd->flags & EK_CMD_PUBSUB)) return;
    w->first_channel = 1;
    if (strcmp(cmd->name, "publish") == 0 || strcmp(cmd->name, "spublish") == 0)
        w->end_channel = 2;
    for (size_t i = 0; i < EK_COUNTOF(subscribing); i++)
        if (strcmp(cmd->name, subscribing[i]) == 0) w->end_channel = argc;
    w->patterns = cmd->name[0] == 'p' && cmd->name[1] == 's';
}

static ek_acl_verdict check_selector(const ek_acl_selector *sel, const ek_command *cmd, size_t argc,
                                     const ek_str *argv, const wants *w, size_t *at) {
    *at = 0;
    if (!allows_command(sel, cmd, argc, argv)) return EK_ACL_NO_COMMAND;
    for (size_t i = 0; !sel->all_keys && i < w->nkeys; i++) {
        *at = w->keys[i].index;
        if (!allows_key(sel, argv[*at], w->keys[i].flags)) return EK_ACL_NO_KEY;
    }
    for (size_t i = w->first_channel; !sel->all_channels && i < w->end_channel; i++) {
        *at = i;
        if (!allows_channel(sel, argv[i], w->patterns)) return EK_ACL_NO_CHANNEL;
    }
    return EK_ACL_ALLOWED;
}

ek_acl_verdict ek_acl_check(ek_session *session, const ek_acl_user *u, const ek_command *cmd,
                            size_t argc, const ek_str *argv, size_t *at) {
    ek_key_pos few[FEW_KEYS], *keys = few;
    ek_acl_verdict worst = EK_ACL_ALLOWED;
    wants w = {0};
    *at = 0;
    if (ek_acl_is_unlimited(u)) return EK_ACL_ALLOWED;
    int n = ek_command_keys_at_least(cmd, argc, argv, few, FEW_KEYS);
    if (n > FEW_KEYS) {
        keys = ek_scratch_get(&session->scratch, session->a, (size_t)n * sizeof *keys);
        ek_command_keys_at_least(cmd, argc, argv, keys, n);
    }
    w.keys = keys;
    w.nkeys = (size_t)n;
    find_channels(cmd, argc, &w);
    for (size_t i = 0; i < u->nselectors; i++) {
        size_t here;
        ek_acl_verdict v = check_selector(&u->selectors[i], cmd, argc, argv, &w, &here);
        if (v == EK_ACL_ALLOWED) return v;
        if (v > worst || (v == worst && here > *at)) { /* the selector that went furthest tells */
            worst = v;
            *at = here;
        }
    }
    return worst;
}

bool ek_acl_may_run(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv) {
    size_t at;
    if (!ek_acl_asks(session)) return true;
    const ek_acl_user *u = user_of(session);
    return u && ek_acl_check(session, u, cmd, argc, argv, &at) == EK_ACL_ALLOWED;
}

bool ek_acl_may_read_all_keys(ek_session *session) {
    if (!ek_acl_asks(session)) return true;
    const ek_acl_user *u = user_of(session);
    for (size_t i = 0; u && i < u->nselectors; i++) {
        const ek_acl_selector *sel = &u->selectors[i];
        if (sel->all_keys) return true;
        for (size_t k = 0; k < sel->nkeys; k++)
            if (sel->keys[k].may & EK_ACL_MAY_READ && sel->keys[k].glob.n == 1 &&
                sel->keys[k].glob.p[0] == '*')
                return true;
    }
    return false;
}

/* --- refusing --- */

typedef struct refusal {
    ek_ctx c;
    ek_acl_reason reason;
    ek_acl_context context;
    ek_str object, user;
} refusal;

static void log_refusal(void *arg) {
    refusal *r = arg;
    char line[LINE_BYTES];
    ek_client_subject self = ek_client_subject_of(&r->c);
    size_t n = ek_min(ek_client_line(&r->c, &self, line, sizeof line), sizeof line - 1);
    if (n) n--; /* its newline */
    ek_str texts[EK_ACL_TEXTS] = {
        [EK_ACL_OBJECT] = r->object, [EK_ACL_USER] = r->user,
        [EK_ACL_CLIENT] = {(const uint8_t *)line, n},
    };
    ek_acl_log_add(r->c.s, r->reason, r->context, texts);
}

static ek_ctx context_of(ek_session *session, const ek_command *cmd, ek_reply *reply) {
    return (ek_ctx){.s = session->s, .a = session->s->a, .session = session, .cmd = cmd,
                    .reply = reply};
}

static ek_acl_context where(const ek_session *session) {
    if (session->in_script) return EK_ACL_LUA;
    return session->in_multi || session->in_exec ? EK_ACL_MULTI : EK_ACL_TOPLEVEL;
}

static void reply_refusal(const ek_session *session, ek_acl_verdict verdict, const ek_command *cmd,
                          ek_reply *reply) {
    static const char *const things[] = {[EK_ACL_NO_KEY] = "keys", [EK_ACL_NO_CHANNEL] = "channels"};
    if (session->in_script) {
        static const char *const texts[] = {
            [EK_ACL_NO_COMMAND] = "run this command or subcommand",
            [EK_ACL_NO_KEY] = "access at least one of the keys mentioned in the command arguments",
            [EK_ACL_NO_CHANNEL] = "publish to the channel mentioned in the command",
        };
        ek_reply_error(reply, "ERR The user executing the script can't %s", texts[verdict]);
    } else if (session->in_exec) {
        static const char *const texts[] = {
            [EK_ACL_NO_COMMAND] = "no permission to execute the command or subcommand",
            [EK_ACL_NO_KEY] = "no permission to touch the specified keys",
            [EK_ACL_NO_CHANNEL] =
                "no permission to access one of the channels used as arguments",
        };
        ek_reply_error(reply, "NOPERM ACLs rules changed between the moment the transaction was "
                              "accumulated and the EXEC call. This command is no longer allowed "
                              "for the following reason: %s", texts[verdict]);
    } else if (verdict == EK_ACL_NO_COMMAND) {
        bool exec = strcmp(cmd->name, "exec") == 0;
        ek_reply_error(reply, "%sNOPERM this user has no permissions to run the '%s' command",
                       exec ? "EXECABORT Transaction discarded because of: " : "", cmd->name);
    } else {
        ek_reply_error(reply, "NOPERM this user has no permissions to access one of the %s used as "
                              "arguments", things[verdict]);
    }
}

bool ek_acl_permits(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv,
                    ek_reply *reply) {
    static const ek_acl_reason reasons[] = {[EK_ACL_NO_COMMAND] = EK_ACL_COMMAND,
                                            [EK_ACL_NO_KEY] = EK_ACL_KEY,
                                            [EK_ACL_NO_CHANNEL] = EK_ACL_CHANNEL};
    size_t at;
    if (!ek_acl_asks(session)) return true;
    const ek_acl_user *u = user_of(session);
    if (!u) {
        if (cmd->flags & EK_CMD_NO_AUTH) return true;
        ek_reply_error(reply, "NOAUTH Authentication required.");
        return false;
    }
    ek_acl_verdict verdict = ek_acl_check(session, u, cmd, argc, argv, &at);
    if (verdict == EK_ACL_ALLOWED) return true;
    refusal r = {.c = context_of(session, cmd, reply), .reason = reasons[verdict],
                 .context = where(session), .user = ek_acl_name(session)};
    r.object = verdict == EK_ACL_NO_COMMAND
                   ? (ek_str){(const uint8_t *)cmd->name, strlen(cmd->name)} : argv[at];
    ek_run_within(session->s->a, log_refusal, &r); /* without memory for that it is not logged */
    reply_refusal(session, verdict, cmd, reply);
    return false;
}

/* --- changing users --- */

bool ek_acl_load_user(ek_store *s, ek_str name, ek_acl_user *out) {
    const ek_user *stored = ek_user_find(s, name);
    bool all_channels = s->root->config.acl_pubsub_default == EK_PUBSUB_ALL_CHANNELS;
    bool there = stored || is_default(name);
    if (!ek_acl_user_init(out, !there && all_channels)) return false;
    if (!there || ek_acl_apply_stored(out, rules_of(stored))) return true;
    ek_acl_user_free(out);
    return false;
}

static void mind_default(ek_store *s, const ek_acl_user *u) {
    uint32_t limited = !ek_acl_is_unlimited(u);
    uint32_t locked = (u->flags & (EK_USER_ON | EK_USER_NO_PASSWORD)) !=
                      (EK_USER_ON | EK_USER_NO_PASSWORD);
    if (s->root->users.default_limited != limited) EK_SET(s->a, s->root->users.default_limited, limited);
    if (s->root->users.default_locked != locked) EK_SET(s->a, s->root->users.default_locked, locked);
    ek_lock_reads(s->a, EK_LOCKED_ACL, limited);
}

typedef struct closing {
    ek_store *s;
    ek_session *self; /* whose command it is, or NULL */
    ek_str name;
    const ek_acl_user *user; /* NULL: it has gone */
} closing;

static bool may_listen(const ek_acl_user *u, ek_channel_kind kind, ek_str channel) {
    for (size_t i = 0; i < u->nselectors; i++) {
        const ek_acl_selector *sel = &u->selectors[i];
        if (sel->all_channels || allows_channel(sel, channel, kind == EK_PATTERN)) return true;
    }
    return false;
}

static bool is_lawful(void *arg, ek_channel_kind kind, ek_str channel) {
    const closing *k = arg;
    return may_listen(k->user, kind, channel);
}

static void close_one(void *arg, ek_client *client) {
    closing *k = arg;
    ek_session *self = k->self;
    if (client->flags & EK_CLIENT_KILLED || !ek_acl_is_of(k->s, client, k->name)) return;
    if (k->user && ek_subscriptions_all(k->s, client, is_lawful, k)) return;
    if (self && client == ek_session_client_if_any(self) && self->connection)
        self->connection->close_after_reply = true; /* it gets its reply first */
    else
        ek_client_kill(k->s, client, 0);
}

static ek_status put_text(ek_store *s, ek_str name, const char *text, size_t n) {
    ek_guard g;
    ek_status st = EK_GUARD(s->a, &g);
    if (st != EK_OK) return st;
    ek_user_put(s, name, (ek_str){(const uint8_t *)text, n});
    ek_unguard(s->a, &g);
    return EK_OK;
}

/* What is malloc's is freed before any jump goes on. */
void ek_acl_put(ek_store *s, ek_session *self, ek_str name, ek_acl_user *u) {
    size_t n = ek_acl_print(u, 0, NULL, 0);
    char *text = malloc(n);
    ek_status st = EK_ENOMEM;
    if (text) {
        ek_acl_print(u, 0, text, n);
        st = put_text(s, name, text, n);
    }
    ek_acl_user_free(u);
    free(text);
    if (st != EK_OK) ek_raise(s->a, st);
    closing k = {.s = s, .self = self, .name = name, .user = ek_acl_find(s, name)};
    if (is_default(name)) mind_default(s, k.user);
    ek_client_each(s, close_one, &k);
}

bool ek_acl_remove(ek_store *s, ek_session *self, ek_str name) {
    if (!ek_user_remove(s, name)) return false;
    closing k = {.s = s, .self = self, .name = name};
    ek_client_each(s, close_one, &k);
    return true;
}

void ek_acl_set_password(ek_store *s, ek_session *self, ek_str password) {
    ek_acl_user u;
    if (!ek_acl_load_user(s, EK_DEFAULT_USER, &u)) ek_raise(s->a, EK_ENOMEM);
    u.npasswords = 0;
    u.flags |= EK_USER_NO_PASSWORD;
    if (password.n && !ek_acl_add_password(&u, password)) {
        ek_acl_user_free(&u);
        ek_raise(s->a, EK_ENOMEM);
    }
    ek_acl_put(s, self, EK_DEFAULT_USER, &u);
}

/* --- sessions --- */

ek_str ek_acl_name(const ek_session *session) {
    return session->user.p ? session->user : EK_DEFAULT_USER;
}

bool ek_acl_is_of(const ek_store *s, const ek_client *client, ek_str name) {
    if (!client->user) return is_default(name);
    return ek_str_eq(ek_client_fact(s, client->user), name);
}

static bool set_user(ek_session *session, ek_str name, uint64_t id) {
    uint8_t *copy = NULL;
    if (name.p) {
        copy = malloc(name.n + 1);
        if (!copy) return false;
        if (name.n) memcpy(copy, name.p, name.n);
    }
    free((void *)session->user.p);
    session->user = (ek_str){copy, copy ? name.n : 0};
    session->user_id = id;
    session->has_user = copy != NULL;
    session->acl = NULL;
    if (session->has_user) session->peek = NULL;
    return true;
}

void ek_acl_log_out(ek_session *session) { set_user(session, (ek_str){0}, 0); }

bool ek_acl_become(ek_session *session, const ek_session *like) {
    if (!session->has_user && !like->has_user) return true;
    return set_user(session, like->user, like->user_id);
}

/* As long for a wrong password as for the right one, and for a user that there is not. */
static bool is_right(ek_store *s, const ek_acl_user *u, ek_str password) {
    ek_password hash;
    static const ek_password nobodys;
    bool right = false;
    ek_sha256(password.p, password.n, hash);
    if (!u || !u->npasswords) (void)ek_same_secret(hash, nobodys);
    for (size_t i = 0; u && i < u->npasswords; i++) right |= ek_same_secret(hash, u->passwords[i]);
    return u && u->flags & EK_USER_ON && (right || u->flags & EK_USER_NO_PASSWORD);
}

bool ek_acl_login(ek_ctx *c, ek_str name, ek_str password) {
    ek_session *session = c->session;
    const ek_acl_user *u = ek_acl_find(c->s, name);
    if (!is_right(c->s, u, password)) {
        refusal r = {.c = *c, .reason = EK_ACL_AUTH, .context = where(session),
                     .object = c->argv[0], .user = name};
        log_refusal(&r);
        return false;
    }
    const ek_user *stored = ek_user_find(c->s, name);
    ek_client *client = ek_session_client_if_any(session);
    ek_str fact = is_default(name) ? (ek_str){0} : name;
    if (client) ek_client_set_fact(c->s, &client->user, fact);
    if (!set_user(session, fact, stored ? stored->id : 0)) ek_raise(c->a, EK_ENOMEM);
    session->needs_auth = false;
    return true;
}
