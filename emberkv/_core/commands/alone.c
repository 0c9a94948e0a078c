/* What a store answers that stands alone: a master without replicas, in no cluster, without modules. */
#include "commands/tables.h"
#include "engine/context.h"

void ek_cmd_role(ek_ctx *c) {
    ek_reply_array(c->reply, 3);
    ek_reply_cstr(c->reply, "master");
    ek_reply_int(c->reply, 0);
    ek_reply_array(c->reply, 0);
}

/* REPLICAOF and SLAVEOF: it can only be told to follow nobody. */
void ek_cmd_replicaof(ek_ctx *c) {
    int64_t port;
    if (ek_arg_is(c, 1, "no") && ek_arg_is(c, 2, "one")) ek_reply_ok(c->reply);
    else if (ek_arg_range(c, 2, 0, 65535, &port, "Invalid master port"))
        ek_reply_error(c->reply, "ERR a store cannot follow a master");
}

void ek_cmd_failover(ek_ctx *c) {
    bool to = false, timeout = false, force = false, abort = false, ok = true;
    for (size_t i = 1; ok && i < c->argc; i++) {
        int64_t n = 1;
        size_t left = c->argc - i - 1;
        if (ek_arg_is(c, i, "timeout") && left >= 1 && !timeout) {
            timeout = true;
            if (!ek_arg_i64(c, ++i, &n)) return;
            if (n <= 0) {
                ek_reply_error(c->reply, "ERR FAILOVER timeout must be greater than 0");
                return;
            }
        } else if (ek_arg_is(c, i, "to") && left >= 2 && !to) {
            to = true;
            i += 2;
            if (!ek_arg_i64(c, i, &n)) return;
        } else if (ek_arg_is(c, i, "force") && !force) {
            force = true;
        } else {
            ok = abort = ek_arg_is(c, i, "abort") && c->argc == 2;
        }
    }
    if (!ok) ek_reply_syntax_error(c);
    else if (abort) ek_reply_error(c->reply, "ERR No failover in progress.");
    else ek_reply_error(c->reply, "ERR FAILOVER requires connected replicas.");
}

/* CLUSTER and what else has a meaning in a cluster only. */
void ek_cmd_no_cluster(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR This instance has cluster support disabled");
}

void ek_cmd_module_list(ek_ctx *c) { ek_reply_array(c->reply, 0); }

static bool modules_are_enabled(ek_ctx *c) {
    if (ek_session_is_enabled(c->session, c->s->settings->enable_module_command)) return true;
    ek_reply_error(c->reply,
                   "ERR MODULE command not allowed. If the enable-module-command option is set to "
                   "\"local\", you can run it from a local connection, otherwise you need to set "
                   "this option in the configuration file, and then restart the server.");
    return false;
}

/* MODULE LOAD and LOADEX: modules are made for another program's inside. */
void ek_cmd_module_load(ek_ctx *c) {
    if (modules_are_enabled(c))
        ek_reply_error(c->reply, "ERR Error loading the extension. Please check the server logs.");
}

void ek_cmd_module_unload(ek_ctx *c) {
    if (modules_are_enabled(c))
        ek_reply_error(c->reply, "ERR Error unloading module: no such module with that name");
}
