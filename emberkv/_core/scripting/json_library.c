/* The library `cjson` of scripts: JSON text and Lua values.
 *
 * A table whose keys are 1 to n is an array, any other an object, the empty one an object too. null is
 * cjson.null. Settings (how deep, which numbers, holes in arrays) belong to a copy of the library: all
 * scripts have one, and cjson.new makes another. They are what the functions have as their upvalue. */
#include "base/number.h"
#include "scripting/state.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

#define NAME "cjson"
#define VERSION "2.1.0"
#define PRECISION_MAX 14

enum { INVALID_REFUSED, INVALID_WRITTEN, INVALID_NULL }; /* numbers that JSON has not */

typedef struct settings {
    int sparse_as_object; /* an array with too many holes: is it written as an object, or an error? */
    int sparse_ratio, sparse_safe; /* up to the key `safe` holes are none, beyond 1 in `ratio` is there */
    int encode_depth, decode_depth;
    int invalid_encoded, invalid_decoded;
    int keep_buffer; /* means nothing here */
    int precision;
} settings;

static const settings usual = {
    .sparse_ratio = 2, .sparse_safe = 10, .encode_depth = 1000, .decode_depth = 1000,
    .invalid_encoded = INVALID_REFUSED, .invalid_decoded = 1, .keep_buffer = 1,
    .precision = PRECISION_MAX,
};

static settings *settings_of(lua_State *L) { return lua.touserdata(L, LUA_UPVALUE(1)); }

/* --- writing --- */

typedef struct writer {
    lua_State *L;
    ek_lua_text *t;
    const settings *o;
} writer;

static void put(writer *w, const char *s) { ek_lua_text_put(w->L, w->t, s, strlen(s)); }

static int refuse(lua_State *L, int at, const char *why) {
    return lua.L_error(L, "Cannot serialise %s: %s", lua.typename(L, lua.type(L, at)), why);
}

static void encode_string(writer *w, int at) {
    size_t n;
    const uint8_t *p = (const uint8_t *)lua.tolstring(w->L, at, &n);
    ek_lua_text_byte(w->L, w->t, '"');
    for (size_t i = 0; i < n; i++) {
        static const char from[] = "\"\\/\b\f\n\r\t", to[] = "\"\\/bfnrt";
        const char *special = p[i] ? strchr(from, p[i]) : NULL;
        char escape[8];
        if (special) {
            ek_lua_text_byte(w->L, w->t, '\\');
            ek_lua_text_byte(w->L, w->t, (uint8_t)to[special - from]);
        } else if (p[i] < 32 || p[i] == 127) {
            snprintf(escape, sizeof escape, "\\u%04x", p[i]);
            put(w, escape);
        } else {
            ek_lua_text_byte(w->L, w->t, p[i]);
        }
    }
    ek_lua_text_byte(w->L, w->t, '"');
}

static void encode_number(writer *w, int at) {
    char text[32];
    double v = lua.tonumber(w->L, at);
    if (!isfinite(v) && w->o->invalid_encoded == INVALID_REFUSED)
        refuse(w->L, at, "must not be NaN or Inf");
    if (isfinite(v)) snprintf(text, sizeof text, "%.*g", w->o->precision, v);
    else if (w->o->invalid_encoded == INVALID_NULL) strcpy(text, "null");
    else strcpy(text, isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
    for (char *p = text; *p; p++)
        if (*p == ',') *p = '.'; /* of a locale */
    put(w, text);
}

static void encode(writer *w, int depth);

static void encode_array(writer *w, int n, int depth) {
    ek_lua_text_byte(w->L, w->t, '[');
    for (int i = 1; i <= n; i++) {
        if (i > 1) ek_lua_text_byte(w->L, w->t, ',');
        lua.rawgeti(w->L, -1, i);
        encode(w, depth);
        ek_lua_pop(w->L, 1);
    }
    ek_lua_text_byte(w->L, w->t, ']');
}

static void encode_object(writer *w, int depth) {
    bool first = true;
    ek_lua_text_byte(w->L, w->t, '{');
    lua.pushnil(w->L);
    while (lua.next(w->L, -2)) {
        if (!first) ek_lua_text_byte(w->L, w->t, ',');
        first = false;
        if (lua.type(w->L, -2) == LUA_TNUMBER) {
            ek_lua_text_byte(w->L, w->t, '"');
            encode_number(w, -2);
            ek_lua_text_byte(w->L, w->t, '"');
        } else if (lua.type(w->L, -2) == LUA_TSTRING) {
            encode_string(w, -2);
        } else {
            refuse(w->L, -2, "table key must be a number or string");
        }
        ek_lua_text_byte(w->L, w->t, ':');
        encode(w, depth);
        ek_lua_pop(w->L, 1);
    }
    ek_lua_text_byte(w->L, w->t, '}');
}

/* How many elements the table on top has as an array, holes counted; 0: it is an object. */
static int array_length(writer *w) {
    double highest;
    int n = ek_lua_array_length(w->L, -1, &highest), there = 0;
    if (n >= 0 || highest == 0) return n > 0 ? n : 0;
    for (lua.pushnil(w->L); lua.next(w->L, -2); ek_lua_pop(w->L, 1)) there++;
    if (w->o->sparse_ratio == 0 || highest <= w->o->sparse_safe ||
        highest <= (double)there * w->o->sparse_ratio)
        return (int)highest;
    if (!w->o->sparse_as_object) refuse(w->L, -1, "excessively sparse array");
    return 0;
}

static void encode_table(writer *w, int depth) {
    if (depth > w->o->encode_depth || !lua.checkstack(w->L, 4))
        lua.L_error(w->L, "Cannot serialise, excessive nesting (%d)", depth);
    int n = array_length(w);
    if (n) encode_array(w, n, depth);
    else encode_object(w, depth);
}

static void encode(writer *w, int depth) {
    int type = lua.type(w->L, -1);
    switch (type) {
    case LUA_TSTRING: encode_string(w, -1); break;
    case LUA_TNUMBER: encode_number(w, -1); break;
    case LUA_TBOOLEAN: put(w, lua.toboolean(w->L, -1) ? "true" : "false"); break;
    case LUA_TTABLE: encode_table(w, depth + 1); break;
    case LUA_TNIL: put(w, "null"); break;
    case LUA_TLIGHTUSERDATA:
        if (!lua.touserdata(w->L, -1)) {
            put(w, "null");
            break;
        } /* fall through */
    default: refuse(w->L, -1, "type not supported");
    }
}

static int json_encode(lua_State *L) {
    writer w = {L, &ek_lua_self(L)->text, settings_of(L)};
    if (lua.gettop(L) != 1) return lua.L_argerror(L, 1, "expected 1 argument");
    w.t->n = 0;
    encode(&w, 0);
    lua.pushlstring(L, (const char *)w.t->p, w.t->n);
    return 1;
}

/* --- reading: tokens --- */

typedef enum kind {
    T_OBJ_BEGIN, T_OBJ_END, T_ARR_BEGIN, T_ARR_END, T_STRING, T_NUMBER, T_BOOLEAN, T_NULL, T_COLON,
    T_COMMA, T_END, T_ERROR,
} kind;

typedef struct token {
    kind kind;
    size_t at;       /* where it begins; of T_ERROR where it is wrong */
    double number;   /* of T_BOOLEAN 1 or 0; the text of T_STRING is the reader's */
    const char *why; /* of T_ERROR */
} token;

typedef struct reader {
    lua_State *L;
    const char *begin, *p; /* behind the last byte is a zero, and a zero is the end */
    ek_lua_text *text;
    const settings *o;
    int depth;
} reader;

static token wrong(const reader *r, const char *why) {
    return (token){.kind = T_ERROR, .at = (size_t)(r->p - r->begin), .why = why};
}

static int hex4(const char *p) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int c = p[i] | 32;
        if (p[i] >= '0' && p[i] <= '9') v = v << 4 | (p[i] - '0');
        else if (c >= 'a' && c <= 'f') v = v << 4 | (c - 'a' + 10);
        else return -1;
    }
    return v;
}

static void put_utf8(reader *r, uint32_t c) {
    uint8_t b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) b[i] = (uint8_t)(0x80 | (c & 63));
    b[0] = (uint8_t)(lead[n] | c);
    ek_lua_text_put(r->L, r->text, b, n);
}

/* r->p is at the backslash of a \uxxxx; a pair of surrogates is one character. */
static bool take_unicode(reader *r) {
    int c = hex4(r->p + 2), low;
    if (c < 0 || (c & 0xfc00) == 0xdc00) return false;
    if ((c & 0xfc00) == 0xd800) {
        if (r->p[6] != '\\' || r->p[7] != 'u') return false;
        low = hex4(r->p + 8);
        if ((low & ~0x3ff) != 0xdc00) return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        r->p += 6;
    }
    r->p += 6;
    put_utf8(r, (uint32_t)c);
    return true;
}

static token take_string(reader *r) {
    token t = {.kind = T_STRING, .at = (size_t)(r->p - r->begin)};
    r->text->n = 0;
    for (r->p++; *r->p != '"';) {
        if (!*r->p) return wrong(r, "unexpected end of string");
        if (*r->p != '\\') {
            ek_lua_text_byte(r->L, r->text, (uint8_t)*r->p++);
            continue;
        }
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at = r->p[1] ? strchr(from, r->p[1]) : NULL;
        if (at) {
            ek_lua_text_byte(r->L, r->text, (uint8_t)to[at - from]);
            r->p += 2;
        } else if (r->p[1] != 'u') {
            return wrong(r, "invalid escape code");
        } else if (!take_unicode(r)) {
            return wrong(r, "invalid unicode escape code");
        }
    }
    r->p++;
    return t;
}

/* Is what stands there a number, but not one of JSON's? */
static bool is_invalid_number(const char *p) {
    if (*p == '+') return true;
    if (*p == '-') p++;
    if (*p == '0') return (p[1] | 32) == 'x' || (p[1] >= '0' && p[1] <= '9');
    return *p > '9' && (strncasecmp(p, "inf", 3) == 0 || strncasecmp(p, "nan", 3) == 0);
}

static token take_number(reader *r) {
    token t = {.kind = T_NUMBER, .at = (size_t)(r->p - r->begin)};
    size_t n = ek_parse_double_prefix(r->p, &t.number);
    if (n == 0) return wrong(r, "invalid number");
    r->p += n;
    return t;
}

static bool take_word(reader *r, const char *word) {
    size_t n = strlen(word);
    if (strncmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

static token next_token(reader *r) {
    static const char single[] = "{}[]:,";
    static const kind kinds[] = {T_OBJ_BEGIN, T_OBJ_END, T_ARR_BEGIN, T_ARR_END, T_COLON, T_COMMA};
    while (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n') r->p++;
    token t = {.at = (size_t)(r->p - r->begin)};
    const char *at = *r->p ? strchr(single, *r->p) : NULL;
    if (at) {
        r->p++;
        t.kind = kinds[at - single];
    } else if (!*r->p) {
        t.kind = T_END;
    } else if (*r->p == '"') {
        return take_string(r);
    } else if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9')) {
        if (!r->o->invalid_decoded && is_invalid_number(r->p)) return wrong(r, "invalid number");
        return take_number(r);
    } else if (take_word(r, "true")) {
        t.kind = T_BOOLEAN;
        t.number = 1;
    } else if (take_word(r, "false")) {
        t.kind = T_BOOLEAN;
    } else if (take_word(r, "null")) {
        t.kind = T_NULL;
    } else if (r->o->invalid_decoded && is_invalid_number(r->p)) {
        return take_number(r);
    } else {
        return wrong(r, "invalid token");
    }
    return t;
}

/* --- reading: values --- */

static void fail(reader *r, const token *t, const char *expected) {
    static const char *const names[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                        "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                        "T_COLON",     "T_COMMA",   "T_END"};
    lua.L_error(r->L, "Expected %s but found %s at character %d", expected,
                t->kind == T_ERROR ? t->why : names[t->kind], (int)t->at + 1);
}

static void descend(reader *r) {
    if (++r->depth <= r->o->decode_depth && lua.checkstack(r->L, 4)) return;
    lua.L_error(r->L, "Found too many nested data structures (%d) at character %d", r->depth,
                (int)(r->p - r->begin));
}

static void push_text(reader *r) {
    lua.pushlstring(r->L, r->text->n ? (const char *)r->text->p : "", r->text->n);
}

static void push_value(reader *r, const token *t);

static void push_object(reader *r) {
    descend(r);
    lua.createtable(r->L, 0, 0);
    token t = next_token(r);
    while (t.kind != T_OBJ_END) {
        if (t.kind != T_STRING) fail(r, &t, "object key string");
        push_text(r);
        t = next_token(r);
        if (t.kind != T_COLON) fail(r, &t, "colon");
        t = next_token(r);
        push_value(r, &t);
        lua.rawset(r->L, -3);
        t = next_token(r);
        if (t.kind == T_OBJ_END) break;
        if (t.kind != T_COMMA) fail(r, &t, "comma or object end");
        t = next_token(r);
        if (t.kind == T_OBJ_END) fail(r, &t, "object key string");
    }
    r->depth--;
}

static void push_array(reader *r) {
    descend(r);
    lua.createtable(r->L, 0, 0);
    token t = next_token(r);
    for (int i = 1; t.kind != T_ARR_END; i++) {
        push_value(r, &t);
        lua.rawseti(r->L, -2, i);
        t = next_token(r);
        if (t.kind == T_ARR_END) break;
        if (t.kind != T_COMMA) fail(r, &t, "comma or array end");
        t = next_token(r);
        if (t.kind == T_ARR_END) fail(r, &t, "value");
    }
    r->depth--;
}

static void push_value(reader *r, const token *t) {
    switch (t->kind) {
    case T_STRING: push_text(r); break;
    case T_NUMBER: lua.pushnumber(r->L, t->number); break;
    case T_BOOLEAN: lua.pushboolean(r->L, t->number != 0); break;
    case T_NULL: lua.pushlightuserdata(r->L, NULL); break;
    case T_OBJ_BEGIN: push_object(r); break;
    case T_ARR_BEGIN: push_array(r); break;
    default: fail(r, t, "value");
    }
}

static int json_decode(lua_State *L) {
    size_t n;
    if (lua.gettop(L) != 1) return lua.L_argerror(L, 1, "expected 1 argument");
    const char *p = lua.L_checklstring(L, 1, &n);
    if (n >= 2 && (!p[0] || !p[1]))
        return lua.L_error(L, "JSON parser does not support UTF-16 or UTF-32");
    reader r = {.L = L, .begin = p, .p = p, .text = &ek_lua_self(L)->text, .o = settings_of(L)};
    token t = next_token(&r);
    push_value(&r, &t);
    t = next_token(&r);
    if (t.kind != T_END) fail(&r, &t, "the end");
    return 1;
}

/* --- settings --- */

static void at_most(lua_State *L, int n) {
    if (lua.gettop(L) > n) lua.L_argerror(L, n + 1, "found too many arguments");
    lua.settop(L, n);
}

/* Take the argument at `at` for the setting, if it is given; push what is set. */
static void take_integer(lua_State *L, int at, int *setting, int from, int to) {
    char range[64];
    if (lua.type(L, at) != LUA_TNIL) {
        ptrdiff_t v = lua.L_checkinteger(L, at);
        snprintf(range, sizeof range, "expected integer between %d and %d", from, to);
        if (v < from || v > to) lua.L_argerror(L, 1, range);
        *setting = (int)v;
    }
    lua.pushnumber(L, *setting);
}

/* ... which is a boolean, "off", "on" or, if it may be that, "null". */
static void take_option(lua_State *L, int at, int *setting, bool may_be_null) {
    static const char *const words[] = {"off", "on", "null"};
    if (lua.type(L, at) == LUA_TBOOLEAN) {
        *setting = lua.toboolean(L, at);
    } else if (lua.type(L, at) != LUA_TNIL) {
        const char *word = lua.L_checklstring(L, at, NULL);
        int i = may_be_null ? 2 : 1;
        while (i >= 0 && strcmp(words[i], word) != 0) i--;
        if (i < 0) {
            lua.pushfstring(L, "invalid option '%s'", word);
            lua.L_argerror(L, at, lua.tolstring(L, -1, NULL));
        }
        *setting = i;
    }
    if (*setting == INVALID_NULL) lua.pushstring(L, words[INVALID_NULL]);
    else lua.pushboolean(L, *setting);
}

static int json_sparse_array(lua_State *L) {
    settings *o = settings_of(L);
    at_most(L, 3);
    take_option(L, 1, &o->sparse_as_object, false);
    take_integer(L, 2, &o->sparse_ratio, 0, INT32_MAX);
    take_integer(L, 3, &o->sparse_safe, 0, INT32_MAX);
    return 3;
}

static int integer_setting(lua_State *L, int *setting, int to) {
    at_most(L, 1);
    take_integer(L, 1, setting, 1, to);
    return 1;
}

static int option_setting(lua_State *L, int *setting, bool may_be_null) {
    at_most(L, 1);
    take_option(L, 1, setting, may_be_null);
    return 1;
}

static int json_encode_depth(lua_State *L) {
    return integer_setting(L, &settings_of(L)->encode_depth, INT32_MAX);
}
static int json_decode_depth(lua_State *L) {
    return integer_setting(L, &settings_of(L)->decode_depth, INT32_MAX);
}
static int json_precision(lua_State *L) {
    return integer_setting(L, &settings_of(L)->precision, PRECISION_MAX);
}
static int json_keep_buffer(lua_State *L) {
    return option_setting(L, &settings_of(L)->keep_buffer, false);
}
static int json_invalid_encoded(lua_State *L) {
    return option_setting(L, &settings_of(L)->invalid_encoded, true);
}
static int json_invalid_decoded(lua_State *L) {
    return option_setting(L, &settings_of(L)->invalid_decoded, false);
}

static int json_new(lua_State *L) {
    ek_lua_open_cjson(L);
    return 1;
}

void ek_lua_open_cjson(lua_State *L) {
    static const struct {
        const char *name;
        lua_CFunction *f;
    } functions[] = {
        {"encode", json_encode},
        {"decode", json_decode},
        {"encode_sparse_array", json_sparse_array},
        {"encode_max_depth", json_encode_depth},
        {"decode_max_depth", json_decode_depth},
        {"encode_number_precision", json_precision},
        {"encode_keep_buffer", json_keep_buffer},
        {"encode_invalid_numbers", json_invalid_encoded},
        {"decode_invalid_numbers", json_invalid_decoded},
        {"new", json_new},
    };
    settings *o = lua.newuserdata(L, sizeof *o);
    *o = usual;
    lua.createtable(L, 0, 16);
    for (size_t i = 0; i < EK_COUNTOF(functions); i++) {
        lua.pushvalue(L, -2);
        lua.pushcclosure(L, functions[i].f, 1);
        lua.setfield(L, -2, functions[i].name);
    }
    lua.remove(L, -2);
    lua.pushlightuserdata(L, NULL);
    lua.setfield(L, -2, "null");
    lua.pushstring(L, NAME);
    lua.setfield(L, -2, "_NAME");
    lua.pushstring(L, VERSION);
    lua.setfield(L, -2, "_VERSION");
}
