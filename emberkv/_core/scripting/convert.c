/* Replies as Lua values and back. In RESP2 an array is a table, nil is false, a status {ok=}, an
 * error {err=}; with redis.setresp(3) nil is nil, and there are {double=}, {map=}, {set=},
 * {verbatim_string={format=, string=}} and booleans. */
#include "base/number.h"
#include "scripting/state.h"

#define DEPTH_MAX 500

/* --- from a tape --- */

static void push_bytes(lua_State *L, const uint8_t *p, size_t n) {
    lua.pushlstring(L, (const char *)p, n);
}

static void push_field(lua_State *L, const char *name, const uint8_t *p, size_t n) {
    lua.createtable(L, 0, 1);
    push_bytes(L, p, n);
    lua.setfield(L, -2, name);
}

static void push_double(lua_State *L, double v, int resp) {
    char text[EK_DOUBLE_CHARS];
    if (resp < 3) {
        lua.pushlstring(L, text, ek_format_double(text, v));
        return;
    }
    lua.createtable(L, 0, 1);
    lua.pushnumber(L, v);
    lua.setfield(L, -2, "double");
}

static const uint8_t *push_value(lua_State *L, const uint8_t *p, int resp);

static const uint8_t *push_array(lua_State *L, const uint8_t *p, size_t n, int resp) {
    lua.createtable(L, (int)ek_min(n, 1 << 20), 0);
    for (size_t i = 1; i <= n; i++) {
        p = push_value(L, p, resp);
        lua.rawseti(L, -2, (int)i);
    }
    return p;
}

/* {map={key=value}} or {set={member=true}} */
static const uint8_t *push_keyed(lua_State *L, const uint8_t *p, size_t n, bool map, int resp) {
    lua.createtable(L, 0, 1);
    lua.createtable(L, 0, (int)ek_min(n, 1 << 20));
    while (n-- > 0) {
        p = push_value(L, p, resp);
        if (map) p = push_value(L, p, resp);
        else lua.pushboolean(L, 1);
        lua.rawset(L, -3);
    }
    lua.setfield(L, -2, map ? "map" : "set");
    return p;
}

static const uint8_t *push_value(lua_State *L, const uint8_t *p, int resp) {
    uint8_t tag = *p++;
    size_t n = strchr("$+-=(*%~>", tag) ? ek_load32(p) : 0;
    double d;
    lua.checkstack(L, 6);
    switch (tag) {
    case '$': push_bytes(L, p + 4, n); return p + 4 + n;
    case '+': push_field(L, "ok", p + 4, n); return p + 4 + n;
    case '-': push_field(L, "err", p + 4, n); return p + 4 + n;
    case 'i': lua.pushnumber(L, (double)(int64_t)ek_load64(p)); return p + 8;
    case 'd':
        memcpy(&d, p, sizeof d);
        push_double(L, d, resp);
        return p + 8;
    case 't':
    case 'f':
        if (resp < 3) lua.pushnumber(L, tag == 't');
        else lua.pushboolean(L, tag == 't');
        return p;
    case '(':
        if (resp < 3) push_bytes(L, p + 4, n);
        else push_field(L, "big_number", p + 4, n);
        return p + 4 + n;
    case '=':
        if (resp < 3) {
            push_bytes(L, p + 8, n - 4);
            return p + 4 + n;
        }
        lua.createtable(L, 0, 1);
        lua.createtable(L, 0, 2);
        push_bytes(L, p + 8, n - 4);
        lua.setfield(L, -2, "string");
        push_bytes(L, p + 4, 3);
        lua.setfield(L, -2, "format");
        lua.setfield(L, -2, "verbatim_string");
        return p + 4 + n;
    case '*':
    case '>': return push_array(L, p + 4, n, resp);
    case '%':
        return resp < 3 ? push_array(L, p + 4, 2 * n, resp) : push_keyed(L, p + 4, n, true, resp);
    case '~':
        return resp < 3 ? push_array(L, p + 4, n, resp) : push_keyed(L, p + 4, n, false, resp);
    default: /* null */
        if (resp < 3) lua.pushboolean(L, 0);
        else lua.pushnil(L);
        return p;
    }
}

void ek_lua_push_reply(lua_State *L, const uint8_t *tape, size_t n, int resp) {
    if (EK_LIKELY(n && tape[0] == '$')) push_bytes(L, tape + 5, ek_load32(tape + 1));
    else if (n == 0) lua.pushnil(L);
    else push_value(L, tape, resp);
}

/* --- to a reply --- */

static ek_str text_at(lua_State *L, int at) {
    size_t n;
    const char *p = lua.tolstring(L, at, &n);
    return (ek_str){(const uint8_t *)p, n};
}

/* Push a field of the table on top, unread by metamethods. False: it has another type, nothing is
 * pushed. */
static bool field(lua_State *L, const char *name, int type) {
    lua.pushstring(L, name);
    lua.rawget(L, -2);
    if (lua.type(L, -1) == type) return true;
    ek_lua_pop(L, 1);
    return false;
}

static void write_line(lua_State *L, ek_reply *r, bool error) {
    ek_str s = text_at(L, -1);
    if (error) ek_reply_error_bytes(r, s.p, s.n);
    else ek_reply_status_bytes(r, s.p, s.n);
}

static void write_keyed(lua_State *L, ek_reply *r, bool map, int script_resp, int depth) {
    size_t n = 0;
    lua.pushnil(L);
    while (lua.next(L, -2)) {
        n++;
        ek_lua_pop(L, 1);
    }
    if (map) ek_reply_map(r, n);
    else ek_reply_set(r, n);
    lua.pushnil(L);
    while (lua.next(L, -2)) {
        lua.pushvalue(L, -2);
        ek_lua_write_reply(L, r, script_resp, depth + 1);
        if (map) ek_lua_write_reply(L, r, script_resp, depth + 1);
        else ek_lua_pop(L, 1);
    }
}

static void write_array(lua_State *L, ek_reply *r, int script_resp, int depth) {
    int n = 0;
    for (;; n++) {
        lua.rawgeti(L, -1, n + 1);
        bool end = lua.type(L, -1) == LUA_TNIL;
        ek_lua_pop(L, 1);
        if (end) break;
    }
    ek_reply_array(r, (size_t)n);
    for (int i = 1; i <= n; i++) {
        lua.rawgeti(L, -1, i);
        ek_lua_write_reply(L, r, script_resp, depth + 1);
    }
}

/* What is no number stays one line. */
static void write_bignum(ek_reply *r, ek_str s) {
    size_t n = strlen((const char *)s.p);
    ek_reply_bignum(r, (const char *)s.p);
    uint8_t *text = r->buf + r->len - n - (r->resp ? 2 : 0); /* in RESP its end follows */
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\r' || text[i] == '\n') text[i] = ' ';
}

/* False: it is none, as far as it goes. */
static bool write_verbatim(lua_State *L, ek_reply *r) {
    char format[4] = "   ";
    if (!field(L, "verbatim_string", LUA_TTABLE)) return false;
    bool is = field(L, "format", LUA_TSTRING);
    if (is) {
        ek_str f = text_at(L, -1);
        memcpy(format, f.p, ek_min(f.n, 3));
        ek_lua_pop(L, 1);
        is = field(L, "string", LUA_TSTRING);
    }
    if (is) {
        ek_str s = text_at(L, -1);
        ek_reply_verbatim(r, format, s.p, s.n);
        ek_lua_pop(L, 1);
    } else {
        ek_lua_pop(L, 1);
    }
    return is;
}

static void write_table(lua_State *L, ek_reply *r, int script_resp, int depth) {
    if (field(L, "err", LUA_TSTRING)) {
        write_line(L, r, true);
    } else if (field(L, "ok", LUA_TSTRING)) {
        write_line(L, r, false);
    } else if (field(L, "double", LUA_TNUMBER)) {
        ek_reply_double(r, lua.tonumber(L, -1));
    } else if (field(L, "map", LUA_TTABLE)) {
        write_keyed(L, r, true, script_resp, depth);
    } else if (field(L, "set", LUA_TTABLE)) {
        write_keyed(L, r, false, script_resp, depth);
    } else if (field(L, "big_number", LUA_TSTRING)) {
        write_bignum(r, text_at(L, -1));
    } else if (!write_verbatim(L, r)) {
        write_array(L, r, script_resp, depth);
        return;
    }
    ek_lua_pop(L, 1);
}

/* What C makes of a double that is no 64-bit integer differs by processor. */
static int64_t whole(double d) { return d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : INT64_MIN; }

void ek_lua_write_reply(lua_State *L, ek_reply *r, int script_resp, int depth) {
    int type = lua.type(L, -1);
    if (EK_UNLIKELY(type == LUA_TTABLE && (depth > DEPTH_MAX || !lua.checkstack(L, 6)))) {
        ek_reply_error(r, "ERR reached lua stack limit");
        ek_lua_pop(L, 1);
        return;
    }
    switch (type) {
    case LUA_TSTRING: ek_reply_str(r, text_at(L, -1)); break;
    case LUA_TNUMBER: ek_reply_int(r, whole(lua.tonumber(L, -1))); break;
    case LUA_TBOOLEAN:
        if (script_resp >= 3) ek_reply_bool(r, lua.toboolean(L, -1));
        else if (lua.toboolean(L, -1)) ek_reply_int(r, 1);
        else ek_reply_null(r);
        break;
    case LUA_TTABLE: write_table(L, r, script_resp, depth); break;
    default: ek_reply_null(r);
    }
    ek_lua_pop(L, 1);
}
