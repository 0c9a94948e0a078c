/* The library `cjson` of scripts: JSON text and Lua values.
 *
 * A table whose keys are 1 to n is an array, any other an object, the empty one an object too. null is
 * cjson.null. Numbers are written with 14 digits. */
#include "base/number.h"
#include "scripting/state.h"

#include <math.h>
#include <stdio.h>

enum {
    DEPTH_MAX = 1000,
    SPARSE_SAFE = 10,  /* up to this key an array may have holes */
    SPARSE_RATIO = 2,  /* ... and beyond, while at least half of it is there */
};

/* --- writing --- */

static void put(lua_State *L, ek_lua_text *t, const char *s) { ek_lua_text_put(L, t, s, strlen(s)); }

static void encode_string(lua_State *L, ek_lua_text *t, int at) {
    size_t n;
    const uint8_t *p = (const uint8_t *)lua.tolstring(L, at, &n);
    ek_lua_text_byte(L, t, '"');
    for (size_t i = 0; i < n; i++) {
        static const char from[] = "\"\\/\b\f\n\r\t", to[] = "\"\\/bfnrt";
        const char *special = p[i] ? strchr(from, p[i]) : NULL;
        char escape[8];
        if (special) {
            ek_lua_text_byte(L, t, '\\');
            ek_lua_text_byte(L, t, (uint8_t)to[special - from]);
        } else if (p[i] < 32 || p[i] == 127) {
            ek_lua_text_put(L, t, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", p[i]));
        } else {
            ek_lua_text_byte(L, t, p[i]);
        }
    }
    ek_lua_text_byte(L, t, '"');
}

static void encode_number(lua_State *L, ek_lua_text *t, double v) {
    char text[32];
    if (!isfinite(v)) lua.L_error(L, "Cannot serialise number: must not be NaN or Inf");
    ek_lua_text_put(L, t, text, (size_t)snprintf(text, sizeof text, "%.14g", v));
}

static void encode(lua_State *L, ek_lua_text *t, int depth);

static void encode_array(lua_State *L, ek_lua_text *t, int n, int depth) {
    ek_lua_text_byte(L, t, '[');
    for (int i = 1; i <= n; i++) {
        if (i > 1) ek_lua_text_byte(L, t, ',');
        lua.rawgeti(L, -1, i);
        encode(L, t, depth);
        ek_lua_pop(L, 1);
    }
    ek_lua_text_byte(L, t, ']');
}

static void encode_object(lua_State *L, ek_lua_text *t, int depth) {
    bool first = true;
    ek_lua_text_byte(L, t, '{');
    lua.pushnil(L);
    while (lua.next(L, -2)) {
        if (!first) ek_lua_text_byte(L, t, ',');
        first = false;
        if (lua.type(L, -2) == LUA_TNUMBER) {
            ek_lua_text_byte(L, t, '"');
            encode_number(L, t, lua.tonumber(L, -2));
            ek_lua_text_byte(L, t, '"');
        } else if (lua.type(L, -2) == LUA_TSTRING) {
            encode_string(L, t, -2);
        } else {
            lua.L_error(L, "Cannot serialise table: table key must be a number or string");
        }
        ek_lua_text_byte(L, t, ':');
        encode(L, t, depth);
        ek_lua_pop(L, 1);
    }
    ek_lua_text_byte(L, t, '}');
}

static void encode_table(lua_State *L, ek_lua_text *t, int depth) {
    double highest;
    if (depth > DEPTH_MAX)
        lua.L_error(L, "Cannot serialise, excessive depth (%d)", depth);
    int n = ek_lua_array_length(L, -1, &highest);
    if (n < 0 && highest > 0) {
        int there = 0;
        for (lua.pushnil(L); lua.next(L, -2); ek_lua_pop(L, 1)) there++;
        if (highest > SPARSE_SAFE && highest > (double)there * SPARSE_RATIO)
            lua.L_error(L, "Cannot serialise table: excessively sparse array");
        n = (int)highest;
    }
    if (n > 0) encode_array(L, t, n, depth + 1);
    else encode_object(L, t, depth + 1);
}

static void encode(lua_State *L, ek_lua_text *t, int depth) {
    int type = lua.type(L, -1);
    if (!lua.checkstack(L, 4)) lua.L_error(L, "Cannot serialise, excessive depth (%d)", depth);
    switch (type) {
    case LUA_TSTRING: encode_string(L, t, -1); break;
    case LUA_TNUMBER: encode_number(L, t, lua.tonumber(L, -1)); break;
    case LUA_TBOOLEAN: put(L, t, lua.toboolean(L, -1) ? "true" : "false"); break;
    case LUA_TTABLE: encode_table(L, t, depth); break;
    case LUA_TNIL: put(L, t, "null"); break;
    case LUA_TLIGHTUSERDATA:
        if (!lua.touserdata(L, -1)) {
            put(L, t, "null");
            break;
        } /* fall through */
    default: lua.L_error(L, "Cannot serialise %s: type not supported", lua.typename(L, type));
    }
}

static int json_encode(lua_State *L) {
    ek_lua_text *t = &ek_lua_self(L)->text;
    if (lua.gettop(L) != 1) return lua.L_error(L, "bad argument #1 to 'encode' (expected 1 argument)");
    t->n = 0;
    encode(L, t, 0);
    lua.pushlstring(L, (const char *)t->p, t->n);
    return 1;
}

/* --- reading --- */

typedef struct reader {
    const uint8_t *begin, *p, *end;
    ek_lua_text *text;
} reader;

static void skip_blanks(reader *r) {
    while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p) r->p++;
}

static const char *token_name(const reader *r) {
    if (r->p == r->end) return "T_END";
    switch (*r->p) {
    case '{': return "T_OBJ_BEGIN";
    case '}': return "T_OBJ_END";
    case '[': return "T_ARR_BEGIN";
    case ']': return "T_ARR_END";
    case '"': return "T_STRING";
    case ':': return "T_COLON";
    case ',': return "T_COMMA";
    default: return (*r->p >= '0' && *r->p <= '9') || *r->p == '-' ? "T_NUMBER" : "invalid token";
    }
}

static void fail(lua_State *L, const reader *r, const char *expected) {
    lua.L_error(L, "Expected %s but found %s at character %d", expected, token_name(r),
                (int)(r->p - r->begin) + 1);
}

static bool take(reader *r, char ch) {
    skip_blanks(r);
    if (r->p == r->end || *r->p != ch) return false;
    r->p++;
    return true;
}

static int hex4(const reader *r, const uint8_t *p) {
    int v = 0;
    if (r->end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int c = p[i] | 32;
        if (p[i] >= '0' && p[i] <= '9') v = v << 4 | (p[i] - '0');
        else if (c >= 'a' && c <= 'f') v = v << 4 | (c - 'a' + 10);
        else return -1;
    }
    return v;
}

static void put_utf8(lua_State *L, ek_lua_text *t, uint32_t c) {
    uint8_t b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) b[i] = (uint8_t)(0x80 | (c & 63));
    b[0] = (uint8_t)(lead[n] | c);
    ek_lua_text_put(L, t, b, n);
}

/* What follows \u; a pair of surrogates is one character. */
static bool decode_unicode(lua_State *L, reader *r) {
    int c = hex4(r, r->p);
    if (c < 0) return false;
    r->p += 4;
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u') return false;
        int low = hex4(r, r->p + 2);
        if (low < 0xdc00 || low > 0xdfff) return false;
        r->p += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return false;
    }
    put_utf8(L, r->text, (uint32_t)c);
    return true;
}

static void decode_string(lua_State *L, reader *r) {
    r->p++;
    r->text->n = 0;
    while (r->p < r->end && *r->p != '"' && *r->p >= 32) {
        if (*r->p != '\\') {
            ek_lua_text_byte(L, r->text, *r->p++);
            continue;
        }
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        r->p++;
        const char *at = r->p < r->end && *r->p ? strchr(from, *r->p) : NULL;
        if (at) {
            ek_lua_text_byte(L, r->text, (uint8_t)to[at - from]);
            r->p++;
        } else if (r->p == r->end || *r->p++ != 'u' || !decode_unicode(L, r)) {
            lua.L_error(L, "Expected value but found invalid escape code at character %d",
                        (int)(r->p - r->begin));
        }
    }
    if (r->p == r->end || *r->p != '"')
        lua.L_error(L, "Expected value but found unexpected end of string at character %d",
                    (int)(r->p - r->begin) + 1);
    r->p++;
    lua.pushlstring(L, r->text->n ? (const char *)r->text->p : "", r->text->n);
}

static void decode_number(lua_State *L, reader *r) {
    const uint8_t *p = r->p;
    double v;
    while (p < r->end && *p && strchr("+-.0123456789eE", *p)) p++;
    if (!ek_parse_double(r->p, (size_t)(p - r->p), &v)) {
        lua.L_error(L, "Expected value but found invalid number at character %d",
                    (int)(r->p - r->begin) + 1);
    }
    r->p = p;
    lua.pushnumber(L, v);
}

static bool take_word(reader *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

static void decode(lua_State *L, reader *r, int depth);

static void decode_object(lua_State *L, reader *r, int depth) {
    lua.createtable(L, 0, 0);
    if (take(r, '}')) return;
    do {
        skip_blanks(r);
        if (r->p == r->end || *r->p != '"') fail(L, r, "object key string");
        decode_string(L, r);
        if (!take(r, ':')) fail(L, r, "colon");
        decode(L, r, depth);
        lua.rawset(L, -3);
    } while (take(r, ','));
    if (!take(r, '}')) fail(L, r, "comma or object end");
}

static void decode_array(lua_State *L, reader *r, int depth) {
    int n = 0;
    lua.createtable(L, 0, 0);
    if (take(r, ']')) return;
    do {
        decode(L, r, depth);
        lua.rawseti(L, -2, ++n);
    } while (take(r, ','));
    if (!take(r, ']')) fail(L, r, "comma or array end");
}

static void decode(lua_State *L, reader *r, int depth) {
    skip_blanks(r);
    if (depth > DEPTH_MAX || !lua.checkstack(L, 4))
        lua.L_error(L, "Found too many nested data structures (%d)", depth);
    if (take(r, '{')) decode_object(L, r, depth + 1);
    else if (take(r, '[')) decode_array(L, r, depth + 1);
    else if (r->p < r->end && *r->p == '"') decode_string(L, r);
    else if (take_word(r, "true")) lua.pushboolean(L, 1);
    else if (take_word(r, "false")) lua.pushboolean(L, 0);
    else if (take_word(r, "null")) lua.pushlightuserdata(L, NULL);
    else if (strcmp(token_name(r), "T_NUMBER") == 0) decode_number(L, r);
    else fail(L, r, "value");
}

static int json_decode(lua_State *L) {
    size_t n;
    const uint8_t *p = (const uint8_t *)lua.L_checklstring(L, 1, &n);
    reader r = {.begin = p, .p = p, .end = p + n, .text = &ek_lua_self(L)->text};
    decode(L, &r, 0);
    skip_blanks(&r);
    if (r.p != r.end) fail(L, &r, "the end");
    return 1;
}

void ek_lua_open_cjson(lua_State *L) {
    lua.createtable(L, 0, 4);
    ek_lua_push_function(L, "encode", json_encode);
    ek_lua_push_function(L, "decode", json_decode);
    lua.pushlightuserdata(L, NULL);
    lua.setfield(L, -2, "null");
}
