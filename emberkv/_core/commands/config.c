/* CONFIG: the settings (store/config.h) by name. */
#include "commands/tables.h"
#include "engine/context.h"
#include "engine/files.h"
#include "engine/house.h"
#include "engine/settings.h"

#include <stdio.h>

enum { VALUE_BYTES = 512, WHY_BYTES = 256 };

static bool has_glob(ek_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[') return true;
    return false;
}

/* The name under which a setting is asked for: its own, or as the caller spelled it. */
static bool asked_as(ek_ctx *c, const ek_setting *setting, const char *name, ek_str *as) {
    ek_str own = {(const uint8_t *)name, strlen(name)};
    bool hidden = setting->flags & EK_SETTING_HIDDEN;
    for (size_t i = 2; i < c->argc; i++) {
        ek_str pattern = c->argv[i];
        bool glob = has_glob(pattern);
        if (glob ? !hidden && ek_glob_match(pattern, own, true) : ek_str_is(pattern, name)) {
            *as = glob ? own : pattern;
            return true;
        }
    }
    return false;
}

static void reply_value(ek_ctx *c, const ek_setting *setting) {
    char few[VALUE_BYTES], *text = few;
    size_t n = ek_setting_print(c->s, setting, few, sizeof few);
    if (n >= sizeof few) {
        text = ek_scratch_alloc(c, n + 1);
        ek_setting_print(c->s, setting, text, n + 1);
    }
    ek_reply_bulk(c->reply, text, n);
}

void ek_cmd_config_get(ek_ctx *c) {
    size_t at = ek_reply_open(c->reply, '%'), n = 0;
    for (unsigned i = 0; i < ek_setting_count(); i++) {
        const ek_setting *setting = ek_setting_at(i);
        const char *names[] = {setting->name, setting->alias};
        for (size_t k = 0; k < EK_COUNTOF(names); k++) {
            ek_str as;
            if (!names[k] || !asked_as(c, setting, names[k], &as)) continue;
            ek_reply_str(c->reply, as);
            reply_value(c, setting);
            n++;
        }
    }
    ek_reply_close(c->reply, at, n);
}

typedef struct change {
    const ek_setting *setting;
    const char *name;
    ek_setting_parsed value;
    char *was; /* of a process's setting, as text */
} change;

static bool refuse(ek_ctx *c, const char *name, const char *why) {
    ek_reply_error(c->reply, "ERR CONFIG SET failed (possibly related to argument '%s') - %s",
                   name, why);
    return false;
}

/* The same with the name as the caller spelled it. */
static bool refuse_arg(ek_ctx *c, size_t i, const char *why) {
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)ek_min(c->argv[i].n, 127),
             (const char *)c->argv[i].p);
    return refuse(c, name, why);
}

/* Finds the settings that are to change; replies and returns false if one of them cannot. */
static bool find_changes(ek_ctx *c, change *changes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ek_str arg = c->argv[2 + 2 * i];
        changes[i].setting = ek_setting_find(arg, &changes[i].name);
        if (!changes[i].setting) {
            ek_reply_error(c->reply,
                           "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                           (int)ek_min(arg.n, 128), (const char *)arg.p);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t flags = changes[i].setting->flags;
        if (flags & EK_SETTING_IMMUTABLE)
            return refuse_arg(c, 2 + 2 * i, "can't set immutable config");
        if (flags & EK_SETTING_PROTECTED)
            return refuse_arg(c, 2 + 2 * i, "can't set protected config");
        for (size_t k = 0; k < i; k++)
            if (changes[k].name == changes[i].name)
                return refuse_arg(c, 2 + 2 * i, "duplicate parameter");
    }
    return true;
}

static void keep_old(ek_ctx *c, change *change) {
    size_t n = ek_setting_print(c->s, change->setting, change->was, VALUE_BYTES);
    if (n < VALUE_BYTES) return;
    change->was = ek_scratch_alloc(c, n + 1);
    ek_setting_print(c->s, change->setting, change->was, n + 1);
}

static void take_back(ek_ctx *c, change *changes, size_t n) {
    char why[WHY_BYTES];
    for (size_t i = 0; i < n; i++) {
        ek_str was = {(const uint8_t *)changes[i].was, strlen(changes[i].was)};
        if (changes[i].setting->home == EK_IN_STORE) continue; /* undone by the journal */
        if (ek_setting_parse(c->s, changes[i].setting, was, &changes[i].value, why, sizeof why))
            ek_setting_store(c->s, changes[i].setting, &changes[i].value);
    }
}

/* What listens, or limits clients, is told of its new settings, and may refuse. */
static bool tell(ek_ctx *c, const change *change, char *why) {
    ek_settings *settings = c->s->settings;
    return change->setting->home != EK_IN_PROCESS || !settings->changed ||
           settings->changed(settings, change->setting->name, why, WHY_BYTES);
}

/* False: all is as it was, and the reply says why. */
static bool tell_all(ek_ctx *c, change *changes, size_t n, const ek_savepoint *before) {
    char why[WHY_BYTES] = "", none[WHY_BYTES];
    size_t i = 0;
    while (i < n && tell(c, &changes[i], why)) i++;
    if (i == n) return true;
    ek_undo(c->a, before);
    take_back(c, changes, n);
    for (size_t k = 0; k <= i; k++) tell(c, &changes[k], none);
    return refuse(c, changes[i].name, why);
}

/* What lies in the process is in no journal: it is taken back before a jump goes on. */
static void store_all(ek_ctx *c, change *changes, size_t n) {
    volatile size_t done = 0;
    ek_guard g;
    ek_status st = EK_GUARD(c->a, &g);
    if (st != EK_OK) {
        take_back(c, changes, done);
        ek_raise(c->a, st);
    }
    for (; done < n; done++)
        ek_setting_apply(c->s, c->session, changes[done].setting, &changes[done].value);
    ek_unguard(c->a, &g);
}

/* All of them change or none. */
void ek_cmd_config_set(ek_ctx *c) {
    if (c->argc % 2) {
        ek_reply_syntax_error(c);
        return;
    }
    size_t n = (c->argc - 2) / 2;
    char why[WHY_BYTES];
    change *changes = ek_scratch_alloc(c, n * sizeof *changes);
    char *old = ek_scratch_alloc(c, n * VALUE_BYTES);
    if (!find_changes(c, changes, n)) return;
    for (size_t i = 0; i < n; i++) {
        if (!ek_setting_parse(c->s, changes[i].setting, c->argv[3 + 2 * i], &changes[i].value, why,
                              sizeof why)) {
            refuse(c, changes[i].name, why);
            return;
        }
        changes[i].was = old + i * VALUE_BYTES;
        keep_old(c, &changes[i]);
    }
    ek_savepoint before = ek_save(c->a);
    store_all(c, changes, n);
    if (!tell_all(c, changes, n, &before)) return;
    ek_house_follow_settings(c->s);
    ek_files_above.follow_settings(c);
    ek_reply_ok(c->reply);
}
