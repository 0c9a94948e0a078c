/* The library `redis` of scripts. */
#include "base/number.h"
#include "engine/acl.h"
#include "engine/renames.h"
#include "engine/version.h"
#include "engine/running.h"
#include "engine/stats.h"
#include "scripting/functions.h"
#include "store/log.h"
#include "store/scripts.h"

#include <stdio.h>
#include <stdlib.h>

#define ARGS_INLINE 32
#define LOOK_AFTER 256 /* calls: their time is not in Lua's count */

/* Raise {err=text}, or with pcall return it. */
static int fail(lua_State *L, const char *text, bool raise) {
    lua.createtable(L, 0, 2);
    lua.pushstring(L, text);
    lua.setfield(L, -2, "err");
    return raise ? lua.error(L) : 1;
}

/* An error of a command is told by a field of its own, which scripts see when they walk over it. */
static int give_error(lua_State *L, bool raise) {
    lua.pushboolean(L, 1);
    lua.setfield(L, -2, EK_LUA_COUNTED);
    return raise ? lua.error(L) : 1;
}

/* cmd: what cannot be called; NULL: it is not known. */
static int fail_call(lua_State *L, const ek_command *cmd, const char *text, bool raise) {
    ek_lua *self = ek_lua_self(L);
    if (self->c) ek_stats_refused_script(self->c->s, cmd);
    fail(L, text, false);
    return give_error(L, raise);
}

typedef struct arguments {
    ek_str few[ARGS_INLINE], *v;
    char digits[EK_DOUBLE_CHARS * ARGS_INLINE]; /* of numbers; behind these Lua keeps them */
    size_t used;
} arguments;

/* The stack's values as arguments; they stay there meanwhile. False: one is of another type. */
static bool take_arguments(lua_State *L, int n, arguments *a) {
    a->v = a->few;
    a->used = 0;
    if (n > ARGS_INLINE) a->v = lua.newuserdata(L, (size_t)n * sizeof *a->v); /* above them */
    for (int i = 0; i < n; i++) {
        int type = lua.type(L, i + 1);
        size_t len;
        if (type == LUA_TNUMBER) {
            char *at = a->digits + a->used, room[EK_DOUBLE_CHARS];
            bool fits = a->used + EK_DOUBLE_CHARS <= sizeof a->digits;
            len = ek_format_double(fits ? at : room, lua.tonumber(L, i + 1));
            if (fits) {
                a->used += len;
            } else {
                lua.checkstack(L, 4);
                lua.pushlstring(L, room, len);
                lua.replace(L, i + 1);
                at = (char *)lua.tolstring(L, i + 1, &len);
            }
            a->v[i] = (ek_str){(const uint8_t *)at, len};
        } else if (type == LUA_TSTRING) {
            const char *p = lua.tolstring(L, i + 1, &len);
            a->v[i] = (ek_str){(const uint8_t *)p, len};
        } else {
            return false;
        }
    }
    return true;
}

/* By the names that hold for who called the script, which what is kept of the call does not know. */
static const ek_command *resolve(const ek_lua *self, size_t argc, ek_str *argv) {
    const ek_command *container;
    if (!self->c) return ek_command_resolve(argc, argv, &container);
    const ek_command *cmd = ek_resolve(self->c->session, argc, argv, &container);
    if (EK_UNLIKELY(cmd && ek_has_renames(self->c->session))) argv[0] = ek_own_name(cmd);
    return cmd;
}

/* What tests may call from scripts after DEBUG SET-DISABLE-DENY-SCRIPTS: not what would run another
 * script, end a transaction or change what the connection is. */
static bool allowed_to_tests(const ek_lua *self, const ek_command *cmd) {
    static const char *const groups[] = {"config", "acl", "latency", "debug"};
    if (EK_LIKELY(!self->c || !(self->c->s->root->debug & EK_STORE_SCRIPTS_CALL))) return false;
    for (size_t i = 0; i < EK_COUNTOF(groups); i++)
        if (!strcmp((cmd->parent ? cmd->parent : cmd)->name, groups[i])) return true;
    return cmd->flags & EK_CMD_BLOCKING;
}

/* Why the command may not be called; NULL: it may. */
static const char *refusal(const ek_lua *self, const ek_command *cmd, size_t argc) {
    if (!cmd || !cmd->handler) return cmd ? "ERR Wrong number of args calling Redis command from script"
                                          : "ERR Unknown Redis command called from script";
    if (!ek_command_arity_ok(cmd, argc))
        return "ERR Wrong number of args calling Redis command from script";
    if (cmd->flags & EK_CMD_NOSCRIPT && !allowed_to_tests(self, cmd))
        return "ERR This Redis command is not allowed from script";
    if (self->read_only && cmd->flags & EK_CMD_WRITE)
        return "ERR Write commands are not allowed from read-only scripts.";
    return NULL;
}

/* Run it in the script's session. The reply is on self->reply, as a tape. */
static void run(ek_lua *self, const ek_command *cmd, size_t argc, const ek_str *argv) {
    ek_session *session = self->c->session;
    ek_scratch own = session->scratch;
    int resp = session->resp;
    session->scratch = self->scratch;
    session->resp = self->resp;
    session->in_script = true;
    self->reply.len = 0;
    ek_execute_command(session, cmd, argc, argv, &self->reply);
    ek_scratch_reset(&session->scratch);
    self->scratch = session->scratch;
    session->scratch = own;
    session->resp = resp;
    session->in_script = false;
}

/* From its first change on a script is not to be ended, but for one of which nothing would remain. */
static bool may_write(ek_lua *self) {
    return self->run->flags & EK_SCRIPT_ROLLBACK ? !ek_run_killed(self->a) : ek_run_wrote(self->a);
}

static int call(lua_State *L, bool raise) {
    ek_lua *self = ek_lua_self(L);
    int n = lua.gettop(L);
    arguments a;
    if (EK_UNLIKELY(++self->calls % LOOK_AFTER == 0 || self->ended)) ek_lua_look_around(L, self);
    if (n == 0)
        return fail_call(L, NULL, "ERR Please specify at least one argument for this redis lib call", raise);
    if (!take_arguments(L, n, &a))
        return fail_call(L, NULL, "ERR Lua redis lib command arguments must be strings or integers", raise);
    const ek_command *cmd = resolve(self, (size_t)n, a.v);
    const char *why = refusal(self, cmd, (size_t)n);
    if (why) return fail_call(L, cmd, why, raise);
    if (cmd->flags & EK_CMD_WRITE && !may_write(self)) {
        ek_lua_look_around(L, self);
        return fail_call(L, cmd, "ERR the script was ended", raise);
    }
    run(self, cmd, (size_t)n, a.v);
    bool failed = self->reply.len && self->reply.buf[0] == '-';
    /* What has begun to change things in a full store goes on. */
    if (cmd->flags & EK_CMD_WRITE && !failed) self->c->session->no_room = false;
    lua.settop(L, 0);
    ek_lua_push_reply(L, self->reply.buf, self->reply.len, self->resp);
    return EK_UNLIKELY(failed) ? give_error(L, raise) : 1;
}

static int redis_call(lua_State *L) { return call(L, true); }
static int redis_pcall(lua_State *L) { return call(L, false); }

/* {name=text}, of the one argument, which must be a string. */
static int single_field(lua_State *L, const char *name) {
    if (lua.gettop(L) != 1 || lua.type(L, 1) != LUA_TSTRING)
        return fail(L, "ERR wrong number or type of arguments", false);
    lua.createtable(L, 0, 1);
    lua.pushvalue(L, 1);
    lua.setfield(L, -2, name);
    return 1;
}

static int redis_status_reply(lua_State *L) { return single_field(L, "ok"); }

/* A code is put in front of a text without one. */
static int redis_error_reply(lua_State *L) {
    if (lua.gettop(L) == 1 && lua.type(L, 1) == LUA_TSTRING) {
        const char *text = lua.tolstring(L, 1, NULL);
        if (text[0] == '-') text++;
        if (strchr(text, ' ')) lua.pushstring(L, text);
        else lua.pushfstring(L, "ERR %s", text);
        lua.replace(L, 1);
    }
    return single_field(L, "err");
}

static int redis_sha1hex(lua_State *L) {
    size_t n;
    char hex[EK_SHA1_HEX + 1];
    if (lua.gettop(L) != 1) return fail(L, "ERR wrong number of arguments", true);
    const char *p = lua.tolstring(L, 1, &n);
    ek_script_name(p ? p : "", p ? n : 0, hex);
    lua.pushlstring(L, hex, EK_SHA1_HEX);
    return 1;
}

/* What is said, with spaces between, in one line of the process's log; what has no text is left out. */
static int redis_log(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    ek_lua_text *t = &self->text;
    int n = lua.gettop(L);
    if (n < 2) return fail(L, "ERR redis.log() requires two arguments or more.", true);
    if (!lua.isnumber(L, 1))
        return fail(L, "ERR First argument must be a number (log level).", true);
    int level = (int)lua.tointeger(L, 1);
    if (level < 0 || level > 3) return fail(L, "ERR Invalid debug level.", true);
    if (!ek_logs(self->s, (ek_log_level)level)) return 0;
    t->n = 0;
    for (int i = 2; i <= n; i++) {
        size_t len = 0;
        const char *p = lua.tolstring(L, i, &len);
        if (!p) continue;
        if (i > 2) ek_lua_text_byte(L, t, ' ');
        ek_lua_text_put(L, t, p, len);
    }
    ek_lua_text_byte(L, t, 0);
    ek_log(self->s, (ek_log_level)level, "%s", (const char *)t->p);
    return 0;
}

static int redis_setresp(lua_State *L) {
    if (lua.gettop(L) != 1) return fail(L, "ERR redis.setresp() requires one argument.", true);
    double resp = lua.tonumber(L, 1);
    if ((int)resp != 2 && (int)resp != 3) return fail(L, "ERR RESP version must be 2 or 3.", true);
    ek_lua_self(L)->resp = (int)resp;
    return 0;
}

/* What is replicated are effects, whatever a script says. */
static int redis_set_repl(lua_State *L) {
    if (lua.gettop(L) != 1) return fail(L, "ERR redis.set_repl() requires two arguments.", true);
    int flags = (int)lua.tointeger(L, 1);
    if (flags < 0 || flags > 3)
        return fail(L, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL "
                       "or REPL_NONE.", true);
    return 0;
}

static int yes(lua_State *L) {
    lua.pushboolean(L, 1);
    return 1;
}

static int no(lua_State *L) {
    lua.pushboolean(L, 0);
    return 1;
}

static int nothing(lua_State *L) {
    (void)L;
    return 0;
}

/* A library that is being loaded is nobody's. */
static bool may_run(ek_ctx *c, const ek_command *cmd, size_t argc, const ek_str *argv) {
    ek_guard g;
    volatile bool may = !c;
    if (c && EK_GUARD(c->a, &g) == EK_OK) {
        may = ek_acl_may_run(c->session, cmd, argc, argv);
        ek_unguard(c->a, &g);
    }
    return may;
}

static int redis_acl_check_cmd(lua_State *L) {
    int n = lua.gettop(L);
    arguments a;
    if (n == 0)
        return fail(L, "ERR Please specify at least one argument for this redis lib call", true);
    if (!take_arguments(L, n, &a))
        return fail(L, "ERR Lua redis lib command arguments must be strings or integers", true);
    const ek_command *cmd = resolve(ek_lua_self(L), (size_t)n, a.v);
    if (!cmd) return fail(L, "ERR Invalid command passed to redis.acl_check_cmd()", true);
    lua.pushboolean(L, may_run(ek_lua_self(L)->c, cmd, (size_t)n, a.v));
    return 1;
}

static void set_number(lua_State *L, const char *name, double v) {
    lua.pushnumber(L, v);
    lua.setfield(L, -2, name);
}

/* What each kind of code sees of a library's members. */
enum { OF_SCRIPTS = 1u << EK_REDIS_SCRIPTS, OF_RUNNING = OF_SCRIPTS | 1u << EK_REDIS_FUNCTIONS,
       OF_LOADING = 1u << EK_REDIS_LOADING, OF_ALL = OF_RUNNING | OF_LOADING };

void ek_lua_open_redis(lua_State *L, ek_redis_kind kind) {
    static const struct {
        const char *name;
        lua_CFunction *f;
        unsigned of;
    } functions[] = {
        {"call", redis_call, OF_RUNNING},
        {"pcall", redis_pcall, OF_RUNNING},
        {"status_reply", redis_status_reply, OF_RUNNING},
        {"error_reply", redis_error_reply, OF_RUNNING},
        {"sha1hex", redis_sha1hex, OF_RUNNING},
        {"log", redis_log, OF_ALL},
        {"setresp", redis_setresp, OF_RUNNING},
        {"set_repl", redis_set_repl, OF_RUNNING},
        {"replicate_commands", yes, OF_SCRIPTS},
        {"breakpoint", no, OF_SCRIPTS},
        {"debug", nothing, OF_SCRIPTS},
        {"acl_check_cmd", redis_acl_check_cmd, OF_RUNNING},
        {"register_function", ek_lua_register_function, OF_LOADING},
    };
    static const struct {
        const char *name;
        double value;
        unsigned of;
    } numbers[] = {
        {"LOG_DEBUG", 0, OF_ALL},    {"LOG_VERBOSE", 1, OF_ALL},      {"LOG_NOTICE", 2, OF_ALL},
        {"LOG_WARNING", 3, OF_ALL},  {"REPL_NONE", 0, OF_RUNNING},    {"REPL_AOF", 1, OF_RUNNING},
        {"REPL_SLAVE", 2, OF_RUNNING}, {"REPL_REPLICA", 2, OF_RUNNING}, {"REPL_ALL", 3, OF_RUNNING},
    };
    int major = 0, minor = 0, patch = 0;
    lua.createtable(L, 0, 32);
    for (size_t i = 0; i < EK_COUNTOF(functions); i++)
        if (functions[i].of >> kind & 1) ek_lua_push_function(L, functions[i].name, functions[i].f);
    for (size_t i = 0; i < EK_COUNTOF(numbers); i++)
        if (numbers[i].of >> kind & 1) set_number(L, numbers[i].name, numbers[i].value);
    sscanf(EK_REDIS_VERSION, "%d.%d.%d", &major, &minor, &patch);
    set_number(L, "REDIS_VERSION_NUM", major << 16 | minor << 8 | patch);
    lua.pushstring(L, EK_REDIS_VERSION);
    lua.setfield(L, -2, "REDIS_VERSION");
}
