/* How a command is called, written out from its declaration:
 *
 *   SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL]
 *
 * Words of the protocol in upper case, what the caller fills in as it is named; [optional],
 * <one | of | several> where one is required, and "x [x ...]" for what may be repeated. */
#include "engine/command.h"

typedef struct text {
    char *out;
    size_t cap, n; /* n counts on beyond the cap */
} text;

static void put(text *t, const char *s) {
    for (; *s; s++, t->n++)
        if (t->n + 1 < t->cap)
            t->out[t->n] = *s;
}

static void put_upper(text *t, const char *s) {
    for (; *s; s++) {
        char c[2] = {*s, 0};
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 0x20);
        else if (*c == '|')
            *c = ' ';
        put(t, c);
    }
}

static void put_arg(text *t, const ek_arg *a);

static void put_args(text *t, const ek_arg *args, const char *between) {
    for (const ek_arg *a = args; a && a->name; a++) {
        if (a != args)
            put(t, between);
        put_arg(t, a);
    }
}

static void put_value(text *t, const ek_arg *a) {
    bool bare = a->flags & EK_ARG_OPTIONAL && !a->token;
    if (a->type == EK_ARG_ONEOF) {
        put(t, bare ? "" : "<");
        put_args(t, a->args, " | ");
        put(t, bare ? "" : ">");
    } else if (a->type == EK_ARG_BLOCK) {
        put_args(t, a->args, " ");
    } else {
        put(t, a->display ? a->display : a->name);
    }
}

static void put_with_token(text *t, const ek_arg *a) {
    if (a->token) {
        put(t, a->token);
        put(t, " ");
    }
    put_value(t, a);
}

static void put_arg(text *t, const ek_arg *a) {
    put(t, a->flags & EK_ARG_OPTIONAL ? "[" : "");
    if (a->type == EK_ARG_PURE_TOKEN)
        put(t, a->token);
    else
        put_with_token(t, a);
    if (a->flags & EK_ARG_MULTIPLE) {
        put(t, " [");
        if (a->flags & EK_ARG_MULTIPLE_TOKEN)
            put_with_token(t, a);
        else
            put_value(t, a);
        put(t, " ...]");
    }
    put(t, a->flags & EK_ARG_OPTIONAL ? "]" : "");
}

size_t ek_command_syntax(const ek_command *cmd, bool full, char *out, size_t cap) {
    text t = {.out = out, .cap = cap};
    put_upper(&t, full ? cmd->name : cmd->decl->name);
    if (cmd->decl->args)
        put(&t, " ");
    put_args(&t, cmd->decl->args, " ");
    if (cap)
        out[t.n < cap ? t.n : cap - 1] = 0;
    return t.n;
}
