/* HELP of every container: what its subcommands are, told by their declarations. */
#include "commands/tables.h"
#include "engine/context.h"
#include "engine/reply.h"

#include <stdio.h>

enum { LINE_BYTES = 1024 };

static void reply_lines(ek_reply *r, const char *how, const char *what) {
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "    %s", what);
    ek_reply_status(r, how);
    ek_reply_status(r, line);
}

void ek_cmd_help(ek_ctx *c) {
    const ek_command *container = c->cmd->parent;
    char line[LINE_BYTES];
    ek_reply_array(c->reply, 1 + 2 * (size_t)(container->nsubcommands + (container->handler != 0)));
    ek_command_syntax(container, false, line, sizeof line);
    strncat(line, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
            sizeof line - strlen(line) - 1);
    ek_reply_status(c->reply, line);
    if (container->handler)
        reply_lines(c->reply, "(no subcommand)", container->decl->summary);
    for (unsigned i = 0; i < container->nsubcommands; i++) {
        const ek_command *sub = &container->subcommands[i];
        if (sub == c->cmd)
            continue;
        ek_command_syntax(sub, false, line, sizeof line);
        reply_lines(c->reply, line, sub->decl->summary);
    }
    reply_lines(c->reply, "HELP", c->cmd->decl->summary);
}
