/* CLIENT TRACKING, TRACKINGINFO, CACHING and GETREDIR: see store/tracking.h. */
#include "store/tracking.h"

#include "commands/tables.h"
#include "engine/mail.h"

typedef struct options {
    uint32_t flags;
    uint64_t redirect;
    ek_str *prefixes;
    size_t nprefixes;
} options;

static bool refuse(ek_ctx *c, const char *why) {
    ek_reply_error(c->reply, "ERR %s", why);
    return false;
}

/* Has replied when false. */
static bool parse(ek_ctx *c, options *o) {
    static const struct {
        const char *word;
        uint32_t flag;
    } flags[] = {{"bcast", EK_TRACKING_BCAST}, {"optin", EK_TRACKING_OPTIN},
                 {"optout", EK_TRACKING_OPTOUT}, {"noloop", EK_TRACKING_NOLOOP}};
    o->prefixes = ek_scratch_alloc(c, c->argc * sizeof *o->prefixes);
    for (size_t i = 3; i < c->argc; i++) {
        bool more = i + 1 < c->argc;
        size_t k = 0;
        while (k < EK_COUNTOF(flags) && !ek_arg_is(c, i, flags[k].word)) k++;
        if (k < EK_COUNTOF(flags)) {
            o->flags |= flags[k].flag;
        } else if (more && ek_arg_is(c, i, "prefix")) {
            o->prefixes[o->nprefixes++] = c->argv[++i];
        } else if (more && ek_arg_is(c, i, "redirect")) {
            int64_t id;
            if (o->redirect) return refuse(c, "A client can only redirect to a single other client");
            if (!ek_arg_i64(c, ++i, &id)) return false;
            const ek_client *to = id > 0 ? ek_client_find(c->s, (uint64_t)id) : NULL;
            bool own = id == (int64_t)c->session->id;
            if (!own && (!to || to->flags & EK_CLIENT_KILLED || !ek_client_lives(c->s, to)))
                return refuse(c, "The client ID you want redirect to does not exist");
            o->redirect = (uint64_t)id;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

static bool begins_with(ek_str s, ek_str start) {
    return s.n >= start.n && ek_bytes_eq(s.p, start.p, start.n);
}

static bool overlap(ek_str a, ek_str b) { return begins_with(a, b) || begins_with(b, a); }

/* Has replied when false. */
static bool prefixes_fit(ek_ctx *c, const ek_tracking *was, const options *o) {
    for (size_t i = 0; i < o->nprefixes; i++) {
        ek_str one = o->prefixes[i];
        for (uint32_t k = 0; was && k < was->nprefixes; k++) {
            ek_str other = ek_tracking_prefix(c->s, was, k);
            if (!overlap(one, other)) continue;
            ek_reply_error(c->reply, "ERR Prefix '%.*s' overlaps with an existing prefix '%.*s'. "
                                     "Prefixes for a single client must not overlap.",
                           (int)ek_min(one.n, 128), (const char *)one.p, (int)ek_min(other.n, 128),
                           (const char *)other.p);
            return false;
        }
        for (size_t k = i + 1; k < o->nprefixes; k++) {
            ek_str other = o->prefixes[k];
            if (!overlap(one, other)) continue;
            ek_reply_error(c->reply, "ERR Prefix '%.*s' overlaps with another provided prefix "
                                     "'%.*s'. Prefixes for a single client must not overlap.",
                           (int)ek_min(one.n, 128), (const char *)one.p, (int)ek_min(other.n, 128),
                           (const char *)other.p);
            return false;
        }
    }
    return true;
}

/* Has replied when false. */
static bool modes_fit(ek_ctx *c, const ek_tracking *was, const options *o) {
    uint32_t before = was ? was->flags : o->flags;
    bool in = o->flags & EK_TRACKING_OPTIN, out = o->flags & EK_TRACKING_OPTOUT;
    if (o->nprefixes && !(o->flags & EK_TRACKING_BCAST))
        return refuse(c, "PREFIX option requires BCAST mode to be enabled");
    if ((before ^ o->flags) & EK_TRACKING_BCAST && !(o->flags & EK_TRACKING_BCAST && (in || out)))
        return refuse(c, "You can't switch BCAST mode on/off before disabling tracking for this "
                         "client, and then re-enabling it with a different mode.");
    if (o->flags & EK_TRACKING_BCAST && (in || out))
        return refuse(c, "OPTIN and OPTOUT are not compatible with BCAST");
    if (in && out) return refuse(c, "You can't specify both OPTIN mode and OPTOUT mode");
    if ((in && before & EK_TRACKING_OPTOUT) || (out && before & EK_TRACKING_OPTIN))
        return refuse(c, "You can't switch OPTIN/OPTOUT mode before disabling tracking for this "
                         "client, and then re-enabling it with a different mode.");
    return true;
}

void ek_cmd_client_tracking(ek_ctx *c) {
    options o = {0};
    bool on = ek_arg_is(c, 2, "on");
    if (!parse(c, &o)) return;
    if (!on) {
        if (!ek_arg_is(c, 2, "off")) {
            ek_reply_syntax_error(c);
            return;
        }
        ek_client *client = ek_session_client_if_any(c->session);
        if (client) ek_tracking_off(c->s, client);
        c->session->tracking = false;
        ek_reply_ok(c->reply);
        return;
    }
    ek_client *client = ek_session_client(c->session);
    const ek_tracking *was = ek_tracking_of(c->s, client);
    if (!modes_fit(c, was, &o) || !prefixes_fit(c, was, &o)) return;
    static const ek_str all = {(const uint8_t *)"", 0};
    if (o.flags & EK_TRACKING_BCAST && !o.nprefixes && !(was && was->nprefixes)) {
        o.prefixes[0] = all;
        o.nprefixes = 1;
    }
    ek_tracking_on(c->s, client, o.flags, o.redirect, o.nprefixes, o.prefixes);
    c->session->tracking = true;
    ek_reply_ok(c->reply);
}

void ek_cmd_client_caching(ek_ctx *c) {
    const ek_tracking *t = ek_tracking_of(c->s, ek_session_client_if_any(c->session));
    bool yes = ek_arg_is(c, 2, "yes");
    if (!t) {
        refuse(c, "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN "
                  "or OPTOUT mode enabled");
        return;
    }
    if (yes && !(t->flags & EK_TRACKING_OPTIN)) {
        refuse(c, "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if (!yes && !ek_arg_is(c, 2, "no")) {
        ek_reply_syntax_error(c);
    } else if (!yes && !(t->flags & EK_TRACKING_OPTOUT)) {
        refuse(c, "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
        c->session->caching = true;
        ek_reply_ok(c->reply);
    }
}

void ek_cmd_client_getredir(ek_ctx *c) {
    const ek_tracking *t = ek_tracking_of(c->s, ek_session_client_if_any(c->session));
    ek_reply_int(c->reply, t ? (int64_t)t->redirect : -1);
}

void ek_cmd_client_trackinginfo(ek_ctx *c) {
    const ek_tracking *t = ek_tracking_of(c->s, ek_session_client_if_any(c->session));
    uint32_t flags = t ? t->flags : 0;
    ek_reply_map(c->reply, 3);
    ek_reply_cstr(c->reply, "flags");
    size_t at = ek_reply_open(c->reply, '~'), n = 1;
    ek_reply_cstr(c->reply, t ? "on" : "off");
    const struct {
        const char *word;
        bool holds;
    } words[] = {
        {"bcast", flags & EK_TRACKING_BCAST},
        {"optin", flags & EK_TRACKING_OPTIN},
        {"caching-yes", flags & EK_TRACKING_OPTIN && c->session->caching},
        {"optout", flags & EK_TRACKING_OPTOUT},
        {"caching-no", flags & EK_TRACKING_OPTOUT && c->session->caching},
        {"noloop", flags & EK_TRACKING_NOLOOP},
        {"broken_redirect", flags & EK_TRACKING_BROKEN},
    };
    for (size_t i = 0; i < EK_COUNTOF(words); i++) {
        if (!words[i].holds) continue;
        ek_reply_cstr(c->reply, words[i].word);
        n++;
    }
    ek_reply_close(c->reply, at, n);
    ek_reply_cstr(c->reply, "redirect");
    ek_reply_int(c->reply, t ? (int64_t)t->redirect : -1);
    ek_reply_cstr(c->reply, "prefixes");
    ek_reply_array(c->reply, t ? t->nprefixes : 0);
    for (uint32_t i = 0; t && i < t->nprefixes; i++)
        ek_reply_str(c->reply, ek_tracking_prefix(c->s, t, i));
}
