/* COMMAND and its subcommands: the command table, told to clients. */
#include "base/glob.h"
#include "base/word.h"
#include "commands/tables.h"
#include "engine/context.h"
#include "engine/renames.h"
#include "engine/reply.h"

typedef const char *name_of_bit(unsigned bit);

static size_t count_top(void) {
    size_t n = 0;
    for (unsigned i = 0; i < ek_command_count(); i++)
        n += ek_command_at(i)->parent == NULL;
    return n;
}

/* A set of the names of the bits in a mask, each after a prefix. */
static void reply_bits(ek_reply *r, uint32_t mask, const char *prefix, name_of_bit *name) {
    ek_reply_set(r, (size_t)__builtin_popcount(mask));
    for (unsigned bit = 0; mask; bit++, mask >>= 1) {
        if (!(mask & 1))
            continue;
        char s[64];
        size_t n = strlen(prefix);
        memcpy(s, prefix, n);
        strncpy(s + n, name(bit), sizeof s - n - 1);
        s[sizeof s - 1] = 0;
        ek_reply_status(r, s);
    }
}

static void reply_named_int(ek_reply *r, const char *name, int64_t v) {
    ek_reply_cstr(r, name);
    ek_reply_int(r, v);
}

static void reply_named(ek_reply *r, const char *name, const char *value) {
    ek_reply_cstr(r, name);
    ek_reply_cstr(r, value);
}

/* The common shape of both halves of a key specification; its map of details follows. */
static void reply_spec_head(ek_reply *r, const char *half, const char *type, size_t ndetails) {
    ek_reply_cstr(r, half);
    ek_reply_map(r, 2);
    reply_named(r, "type", type);
    ek_reply_cstr(r, "spec");
    ek_reply_map(r, ndetails);
}

static void reply_begin_search(ek_reply *r, const ek_key_spec *k) {
    if (k->begin == EK_BEGIN_INDEX) {
        reply_spec_head(r, "begin_search", "index", 1);
        reply_named_int(r, "index", k->index);
    } else if (k->begin == EK_BEGIN_KEYWORD) {
        char word[32];
        size_t n = 0;
        for (; k->keyword[n] && n < sizeof word; n++)
            word[n] = (char)(k->keyword[n] - 0x20);
        reply_spec_head(r, "begin_search", "keyword", 2);
        ek_reply_cstr(r, "keyword");
        ek_reply_bulk(r, word, n);
        reply_named_int(r, "startfrom", k->index);
    } else {
        reply_spec_head(r, "begin_search", "unknown", 0);
    }
}

static void reply_find_keys(ek_reply *r, const ek_key_spec *k) {
    if (k->find == EK_FIND_RANGE) {
        reply_spec_head(r, "find_keys", "range", 3);
        reply_named_int(r, "lastkey", k->last);
        reply_named_int(r, "keystep", k->step);
        reply_named_int(r, "limit", k->limit);
    } else if (k->find == EK_FIND_KEYNUM) {
        reply_spec_head(r, "find_keys", "keynum", 3);
        reply_named_int(r, "keynumidx", k->keynum);
        reply_named_int(r, "firstkey", k->first);
        reply_named_int(r, "keystep", k->step);
    } else {
        reply_spec_head(r, "find_keys", "unknown", 0);
    }
}

static void reply_key_specs(ek_reply *r, const ek_key_spec *keys) {
    size_t n = 0;
    while (keys && keys[n].begin)
        n++;
    ek_reply_set(r, n);
    for (const ek_key_spec *k = keys; k && k->begin; k++) {
        ek_reply_map(r, k->notes ? 4 : 3);
        if (k->notes)
            reply_named(r, "notes", k->notes);
        ek_reply_cstr(r, "flags");
        reply_bits(r, k->flags, "", ek_key_flag_name);
        reply_begin_search(r, k);
        reply_find_keys(r, k);
    }
}

static void reply_info(ek_reply *r, const ek_command *cmd) {
    if (!cmd) {
        ek_reply_null(r);
        return;
    }
    const char *const *tips = cmd->decl->tips;
    size_t ntips = 0;
    while (tips && tips[ntips])
        ntips++;

    ek_reply_array(r, 10);
    ek_reply_cstr(r, cmd->name);
    ek_reply_int(r, cmd->arity);
    reply_bits(r, cmd->flags & (EK_CMD_WAITS - 1), "", ek_command_flag_name);
    ek_reply_int(r, cmd->first_key);
    ek_reply_int(r, cmd->last_key);
    ek_reply_int(r, cmd->key_step);
    reply_bits(r, cmd->categories, "@", ek_acl_category_name);
    ek_reply_set(r, ntips);
    for (size_t i = 0; i < ntips; i++)
        ek_reply_cstr(r, tips[i]);
    reply_key_specs(r, cmd->decl->keys);
    if (cmd->nsubcommands)
        ek_reply_array(r, cmd->nsubcommands);
    else
        ek_reply_set(r, 0);
    for (unsigned i = 0; i < cmd->nsubcommands; i++)
        reply_info(r, &cmd->subcommands[i]);
}

static void reply_docs_args(ek_reply *r, const ek_arg *args);

static void reply_docs_arg(ek_reply *r, const ek_arg *a) {
    bool has_spec = a->key_spec >= 0 && (a->type == EK_ARG_KEY || a->key_spec > 0);
    ek_reply_map(r, 2 + (a->display != NULL) + has_spec + (a->token != NULL) + (a->since != NULL) +
                        (a->deprecated_since != NULL) + (a->flags != 0) + (a->args != NULL));
    reply_named(r, "name", a->name);
    reply_named(r, "type", ek_arg_type_name(a->type));
    if (a->display)
        reply_named(r, "display_text", a->display);
    if (has_spec)
        reply_named_int(r, "key_spec_index", a->key_spec);
    if (a->token)
        reply_named(r, "token", a->token);
    if (a->since)
        reply_named(r, "since", a->since);
    if (a->deprecated_since)
        reply_named(r, "deprecated_since", a->deprecated_since);
    if (a->flags) {
        ek_reply_cstr(r, "flags");
        reply_bits(r, a->flags, "", ek_arg_flag_name);
    }
    if (a->args) {
        ek_reply_cstr(r, "arguments");
        reply_docs_args(r, a->args);
    }
}

static void reply_docs_args(ek_reply *r, const ek_arg *args) {
    size_t n = 0;
    while (args[n].name)
        n++;
    ek_reply_array(r, n);
    for (const ek_arg *a = args; a->name; a++)
        reply_docs_arg(r, a);
}

static void reply_doc_flags(ek_reply *r, uint32_t flags) {
    ek_reply_cstr(r, "doc_flags");
    ek_reply_set(r, (size_t)__builtin_popcount(flags));
    if (flags & EK_DOC_DEPRECATED)
        ek_reply_status(r, "deprecated");
    if (flags & EK_DOC_SYSCMD)
        ek_reply_status(r, "syscmd");
}

static void reply_history(ek_reply *r, const ek_history *history) {
    size_t n = 0;
    while (history[n].since)
        n++;
    ek_reply_cstr(r, "history");
    ek_reply_set(r, n);
    for (size_t i = 0; i < n; i++) {
        ek_reply_array(r, 2);
        ek_reply_cstr(r, history[i].since);
        ek_reply_cstr(r, history[i].change);
    }
}

/* The name of a command, then the map of what is known about it: a pair of the reply's map. */
static void reply_docs(ek_reply *r, const ek_command *cmd) {
    const ek_command_decl *d = cmd->decl;
    ek_reply_cstr(r, cmd->name);
    ek_reply_map(r, 4 + (d->doc_flags != 0) + (d->deprecated_since != NULL) +
                        (d->replaced_by != NULL) + (d->history != NULL) + (d->args != NULL) +
                        (cmd->nsubcommands != 0));
    reply_named(r, "summary", d->summary);
    reply_named(r, "since", d->since);
    reply_named(r, "group", d->group);
    reply_named(r, "complexity", d->complexity);
    if (d->doc_flags)
        reply_doc_flags(r, d->doc_flags);
    if (d->deprecated_since)
        reply_named(r, "deprecated_since", d->deprecated_since);
    if (d->replaced_by)
        reply_named(r, "replaced_by", d->replaced_by);
    if (d->history)
        reply_history(r, d->history);
    if (d->args) {
        ek_reply_cstr(r, "arguments");
        reply_docs_args(r, d->args);
    }
    if (cmd->nsubcommands) {
        ek_reply_cstr(r, "subcommands");
        ek_reply_map(r, cmd->nsubcommands);
        for (unsigned i = 0; i < cmd->nsubcommands; i++)
            reply_docs(r, &cmd->subcommands[i]);
    }
}

void ek_cmd_command(ek_ctx *c) {
    ek_reply_array(c->reply, count_top());
    for (unsigned i = 0; i < ek_command_count(); i++)
        if (!ek_command_at(i)->parent)
            reply_info(c->reply, ek_command_at(i));
}

void ek_cmd_command_count(ek_ctx *c) {
    ek_reply_int(c->reply, (int64_t)count_top());
}

void ek_cmd_command_info(ek_ctx *c) {
    if (c->argc == 2) {
        ek_cmd_command(c);
        return;
    }
    ek_reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++)
        reply_info(c->reply, ek_renamed_find_full(c->session, c->argv[i]));
}

void ek_cmd_command_docs(ek_ctx *c) {
    if (c->argc == 2) {
        ek_reply_map(c->reply, count_top());
        for (unsigned i = 0; i < ek_command_count(); i++)
            if (!ek_command_at(i)->parent)
                reply_docs(c->reply, ek_command_at(i));
        return;
    }
    size_t known = 0;
    for (size_t i = 2; i < c->argc; i++)
        known += ek_renamed_find_full(c->session, c->argv[i]) != NULL;
    ek_reply_map(c->reply, known);
    for (size_t i = 2; i < c->argc; i++) {
        const ek_command *cmd = ek_renamed_find_full(c->session, c->argv[i]);
        if (cmd)
            reply_docs(c->reply, cmd);
    }
}

typedef enum list_filter { LIST_ALL, LIST_MODULE, LIST_ACLCAT, LIST_PATTERN } list_filter;

static bool listed(const ek_command *cmd, list_filter filter, ek_str with) {
    switch (filter) {
    case LIST_ALL:
        return true;
    case LIST_MODULE: /* no command comes from a module */
        return false;
    case LIST_ACLCAT:
        return cmd->categories & ek_acl_category_find(with.p, with.n);
    case LIST_PATTERN:
        return ek_glob_match(with, (ek_str){(const uint8_t *)cmd->name, strlen(cmd->name)}, true);
    }
    return false;
}

static bool parse_filter(ek_str word, list_filter *filter) {
    if (ek_str_is(word, "module"))
        *filter = LIST_MODULE;
    else if (ek_str_is(word, "aclcat"))
        *filter = LIST_ACLCAT;
    else if (ek_str_is(word, "pattern"))
        *filter = LIST_PATTERN;
    else
        return false;
    return true;
}

void ek_cmd_command_list(ek_ctx *c) {
    list_filter filter = LIST_ALL;
    ek_str with = {0};
    if (c->argc > 2) {
        if (c->argc != 5 || !ek_str_is(c->argv[2], "filterby") ||
            !parse_filter(c->argv[3], &filter)) {
            ek_reply_syntax_error(c);
            return;
        }
        with = c->argv[4];
    }
    size_t n = 0;
    for (unsigned i = 0; i < ek_command_count(); i++)
        n += listed(ek_command_at(i), filter, with);
    ek_reply_array(c->reply, n);
    for (unsigned i = 0; i < ek_command_count(); i++)
        if (listed(ek_command_at(i), filter, with))
            ek_reply_cstr(c->reply, ek_command_at(i)->name);
}

static void reply_keys(ek_reply *r, const ek_str *argv, const ek_key_pos *keys, int n, bool flags) {
    ek_reply_array(r, (size_t)n);
    for (int i = 0; i < n; i++) {
        ek_str key = argv[keys[i].index];
        if (flags)
            ek_reply_array(r, 2);
        ek_reply_str(r, key);
        if (flags)
            reply_bits(r, keys[i].flags, "", ek_key_flag_name);
    }
}

/* The request to look at begins after COMMAND GETKEYS. */
static void getkeys(ek_ctx *c, bool flags) {
    size_t argc = c->argc - 2;
    const ek_str *argv = c->argv + 2;
    const ek_command *container, *cmd = ek_resolve(c->session, argc, argv, &container);
    if (!cmd) {
        ek_reply_error(c->reply, "ERR Invalid command specified");
        return;
    }
    if (!ek_command_has_keys(cmd)) {
        ek_reply_error(c->reply, "ERR The command has no key arguments");
        return;
    }
    if (!ek_command_arity_ok(cmd, argc)) {
        ek_reply_error(c->reply, "ERR Invalid number of arguments specified for command");
        return;
    }
    ek_key_pos few[16], *keys = few;
    int n = ek_command_keys(cmd, argc, argv, few, EK_COUNTOF(few));
    if (n < 0) {
        ek_reply_error(c->reply, "ERR Invalid arguments specified for command");
        return;
    }
    if (n > (int)EK_COUNTOF(few)) {
        keys = ek_scratch_alloc(c, (size_t)n * sizeof *keys);
        ek_command_keys(cmd, argc, argv, keys, n);
    }
    reply_keys(c->reply, argv, keys, n, flags);
}

void ek_cmd_command_getkeys(ek_ctx *c) {
    getkeys(c, false);
}

void ek_cmd_command_getkeysandflags(ek_ctx *c) {
    getkeys(c, true);
}
