#include "engine/renames.h"

#include "base/word.h"

static const char UNKNOWN[] = "No such command in rename-command";
static const char TAKEN[] = "Target command name already exists";

static const ek_rename *renamed_to(const ek_settings *settings, ek_str name) {
    for (size_t i = 0; name.n && i < settings->nrenames; i++)
        if (ek_str_is(name, settings->renames[i].now)) return &settings->renames[i];
    return NULL;
}

static bool is_renamed(const ek_settings *settings, const ek_command *cmd) {
    for (size_t i = 0; i < settings->nrenames; i++)
        if (strcmp(settings->renames[i].own, cmd->name) == 0) return true;
    return false;
}

/* The command itself, or the container, that a name stands for. */
static const ek_command *find(const ek_settings *settings, ek_str name) {
    const ek_rename *rename = renamed_to(settings, name);
    if (rename) return ek_command_find((const uint8_t *)rename->own, strlen(rename->own));
    const ek_command *cmd = ek_command_find(name.p, name.n);
    return cmd && !is_renamed(settings, cmd) ? cmd : NULL;
}

bool ek_rename_command(ek_store *s, ek_str from, ek_str to, const char **why) {
    const ek_command *cmd = find(s->settings, from);
    *why = UNKNOWN;
    if (!cmd) return false;
    *why = TAKEN;
    const ek_command *other = find(s->settings, to);
    if (other && other != cmd) return false;
    *why = "no memory";
    return ek_settings_rename(s->settings, cmd->name, to);
}

const ek_command *ek_renamed_find_full(const ek_session *session, ek_str name) {
    if (!ek_has_renames(session)) return ek_command_find_full(name.p, name.n);
    const uint8_t *bar = name.n ? memchr(name.p, '|', name.n) : NULL;
    size_t n = bar ? (size_t)(bar - name.p) : name.n;
    const ek_command *cmd = find(session->s->settings, (ek_str){name.p, n});
    return cmd && bar ? ek_command_find_sub(cmd, bar + 1, name.n - n - 1) : cmd;
}

const ek_command *ek_renamed_resolve(const ek_session *session, size_t argc, const ek_str *argv,
                                     const ek_command **container) {
    const ek_command *cmd = find(session->s->settings, argv[0]);
    *container = NULL;
    if (!cmd || !cmd->nsubcommands || argc < 2) return cmd;
    *container = cmd;
    return ek_command_find_sub(cmd, argv[1].p, argv[1].n);
}

ek_str ek_own_name(const ek_command *cmd) {
    const char *name = (cmd->parent ? cmd->parent : cmd)->name;
    return (ek_str){(const uint8_t *)name, strlen(name)};
}
