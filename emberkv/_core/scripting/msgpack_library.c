/* The library `cmsgpack` of scripts: MessagePack and Lua values.
 *
 * A table whose keys are 1 to n is an array, any other a map, the empty one an array. Whole numbers
 * are integers, others doubles. Too deep tables are nil. */
#include "scripting/state.h"

enum { DEPTH_MAX = 16 };

/* --- packing --- */

static void put_sized(lua_State *L, ek_lua_text *t, uint8_t tag, uint64_t v, int bytes) {
    uint8_t *p = ek_lua_text_room(L, t, 1 + (size_t)bytes);
    p[0] = tag;
    for (int i = bytes; i > 0; i--, v >>= 8) p[i] = (uint8_t)v;
}

static void pack_integer(lua_State *L, ek_lua_text *t, int64_t v) {
    if (v >= 0) {
        if (v < 128) ek_lua_text_byte(L, t, (uint8_t)v);
        else if (v <= UINT8_MAX) put_sized(L, t, 0xcc, (uint64_t)v, 1);
        else if (v <= UINT16_MAX) put_sized(L, t, 0xcd, (uint64_t)v, 2);
        else if (v <= UINT32_MAX) put_sized(L, t, 0xce, (uint64_t)v, 4);
        else put_sized(L, t, 0xcf, (uint64_t)v, 8);
    } else {
        if (v >= -32) ek_lua_text_byte(L, t, (uint8_t)v);
        else if (v >= INT8_MIN) put_sized(L, t, 0xd0, (uint64_t)v, 1);
        else if (v >= INT16_MIN) put_sized(L, t, 0xd1, (uint64_t)v, 2);
        else if (v >= INT32_MIN) put_sized(L, t, 0xd2, (uint64_t)v, 4);
        else put_sized(L, t, 0xd3, (uint64_t)v, 8);
    }
}

static void pack_number(lua_State *L, ek_lua_text *t, double v) {
    float small = (float)v;
    uint64_t bits;
    uint32_t small_bits;
    if (v >= -0x1p63 && v < 0x1p63 && v == (double)(int64_t)v) {
        pack_integer(L, t, (int64_t)v);
    } else if ((double)small == v) {
        memcpy(&small_bits, &small, sizeof small_bits);
        put_sized(L, t, 0xca, small_bits, 4);
    } else {
        memcpy(&bits, &v, sizeof bits);
        put_sized(L, t, 0xcb, bits, 8);
    }
}

static void pack_string(lua_State *L, ek_lua_text *t, int at) {
    size_t n;
    const char *p = lua.tolstring(L, at, &n);
    if (n < 32) ek_lua_text_byte(L, t, (uint8_t)(0xa0 | n));
    else if (n <= UINT8_MAX) put_sized(L, t, 0xd9, n, 1);
    else if (n <= UINT16_MAX) put_sized(L, t, 0xda, n, 2);
    else put_sized(L, t, 0xdb, n, 4);
    ek_lua_text_put(L, t, p, n);
}

static void pack_count(lua_State *L, ek_lua_text *t, uint8_t few, uint8_t many, size_t n) {
    if (n < 16) ek_lua_text_byte(L, t, (uint8_t)(few | n));
    else if (n <= UINT16_MAX) put_sized(L, t, many, n, 2);
    else put_sized(L, t, (uint8_t)(many + 1), n, 4);
}

static void pack(lua_State *L, ek_lua_text *t, int depth);

static void pack_table(lua_State *L, ek_lua_text *t, int depth) {
    double highest;
    int n = ek_lua_array_length(L, -1, &highest);
    if (n >= 0) {
        pack_count(L, t, 0x90, 0xdc, (size_t)n);
        for (int i = 1; i <= n; i++) {
            lua.rawgeti(L, -1, i);
            pack(L, t, depth + 1);
        }
        return;
    }
    size_t pairs = 0;
    for (lua.pushnil(L); lua.next(L, -2); ek_lua_pop(L, 1)) pairs++;
    pack_count(L, t, 0x80, 0xde, pairs);
    lua.pushnil(L);
    while (lua.next(L, -2)) {
        lua.pushvalue(L, -2);
        pack(L, t, depth + 1);
        pack(L, t, depth + 1);
    }
}

/* The value on top, which goes. */
static void pack(lua_State *L, ek_lua_text *t, int depth) {
    lua.checkstack(L, 4);
    switch (lua.type(L, -1)) {
    case LUA_TSTRING: pack_string(L, t, -1); break;
    case LUA_TNUMBER: pack_number(L, t, lua.tonumber(L, -1)); break;
    case LUA_TBOOLEAN: ek_lua_text_byte(L, t, lua.toboolean(L, -1) ? 0xc3 : 0xc2); break;
    case LUA_TTABLE:
        if (depth < DEPTH_MAX) {
            pack_table(L, t, depth);
            break;
        } /* fall through */
    default: ek_lua_text_byte(L, t, 0xc0);
    }
    ek_lua_pop(L, 1);
}

static int msgpack_pack(lua_State *L) {
    ek_lua_text *t = &ek_lua_self(L)->text;
    int n = lua.gettop(L);
    if (n == 0) return lua.L_error(L, "bad argument #0 to 'pack' (MessagePack pack needs input.)");
    t->n = 0;
    for (int i = 1; i <= n; i++) {
        lua.pushvalue(L, i);
        pack(L, t, 0);
    }
    lua.pushlstring(L, (const char *)t->p, t->n);
    return 1;
}

/* --- unpacking --- */

typedef struct reader {
    const uint8_t *p, *end;
} reader;

static uint64_t take(lua_State *L, reader *r, size_t n) {
    uint64_t v = 0;
    if ((size_t)(r->end - r->p) < n) lua.L_error(L, "Missing bytes in input.");
    for (size_t i = 0; i < n; i++) v = v << 8 | *r->p++;
    return v;
}

static void take_string(lua_State *L, reader *r, size_t n) {
    if ((size_t)(r->end - r->p) < n) lua.L_error(L, "Missing bytes in input.");
    lua.pushlstring(L, (const char *)r->p, n);
    r->p += n;
}

static void unpack(lua_State *L, reader *r, int depth);

static void unpack_array(lua_State *L, reader *r, size_t n, int depth) {
    lua.createtable(L, (int)ek_min(n, (size_t)(r->end - r->p)), 0);
    for (size_t i = 1; i <= n; i++) {
        unpack(L, r, depth + 1);
        lua.rawseti(L, -2, (int)i);
    }
}

static void unpack_map(lua_State *L, reader *r, size_t n, int depth) {
    lua.createtable(L, 0, (int)ek_min(n, (size_t)(r->end - r->p) / 2));
    while (n-- > 0) {
        unpack(L, r, depth + 1);
        unpack(L, r, depth + 1);
        lua.settable(L, -3);
    }
}

static void push_float(lua_State *L, uint64_t bits, bool single) {
    float f;
    double d;
    uint32_t low = (uint32_t)bits;
    memcpy(&f, &low, sizeof f);
    memcpy(&d, &bits, sizeof d);
    lua.pushnumber(L, single ? (double)f : d);
}

static void unpack(lua_State *L, reader *r, int depth) {
    if (depth > 1000 || !lua.checkstack(L, 4)) lua.L_error(L, "Too deep data in input.");
    uint8_t tag = (uint8_t)take(L, r, 1);
    if (tag < 0x80) lua.pushnumber(L, tag);
    else if (tag < 0x90) unpack_map(L, r, tag & 15, depth);
    else if (tag < 0xa0) unpack_array(L, r, tag & 15, depth);
    else if (tag < 0xc0) take_string(L, r, tag & 31);
    else if (tag >= 0xe0) lua.pushnumber(L, (int8_t)tag);
    else switch (tag) {
    case 0xc0: lua.pushnil(L); break;
    case 0xc2: lua.pushboolean(L, 0); break;
    case 0xc3: lua.pushboolean(L, 1); break;
    case 0xd9: take_string(L, r, take(L, r, 1)); break;
    case 0xda: take_string(L, r, take(L, r, 2)); break;
    case 0xdb: take_string(L, r, take(L, r, 4)); break;
    case 0xca: push_float(L, take(L, r, 4), true); break;
    case 0xcb: push_float(L, take(L, r, 8), false); break;
    case 0xcc: lua.pushnumber(L, (double)take(L, r, 1)); break;
    case 0xcd: lua.pushnumber(L, (double)take(L, r, 2)); break;
    case 0xce: lua.pushnumber(L, (double)take(L, r, 4)); break;
    case 0xcf: /* read with a sign, as by a server */
    case 0xd3: lua.pushnumber(L, (double)(int64_t)take(L, r, 8)); break;
    case 0xd0: lua.pushnumber(L, (int8_t)take(L, r, 1)); break;
    case 0xd1: lua.pushnumber(L, (int16_t)take(L, r, 2)); break;
    case 0xd2: lua.pushnumber(L, (int32_t)take(L, r, 4)); break;
    case 0xdc: unpack_array(L, r, take(L, r, 2), depth); break;
    case 0xdd: unpack_array(L, r, take(L, r, 4), depth); break;
    case 0xde: unpack_map(L, r, take(L, r, 2), depth); break;
    case 0xdf: unpack_map(L, r, take(L, r, 4), depth); break;
    default: lua.L_error(L, "Bad data format in input.");
    }
}

/* Up to `limit` values from the offset on (0: all); their number, the rest is on the stack. */
static int unpack_some(lua_State *L, int limit, double offset, reader *r) {
    size_t n;
    const uint8_t *p = (const uint8_t *)lua.L_checklstring(L, 1, &n);
    if (!(offset >= 0 && offset <= (double)n))
        return lua.L_error(L, "Start offset %d greater than input length %d.", (int)offset, (int)n);
    *r = (reader){p + (size_t)offset, p + n};
    lua.settop(L, 1);
    int count = 0;
    for (; r->p < r->end && (limit == 0 || count < limit); count++) {
        if (!lua.checkstack(L, 4)) return lua.L_error(L, "too many values");
        unpack(L, r, 0);
    }
    return count;
}

static int msgpack_unpack(lua_State *L) {
    reader r;
    return unpack_some(L, 0, 0, &r);
}

/* The offset of what follows (-1: nothing does), and the values. */
static int unpack_with_offset(lua_State *L, int limit, double offset) {
    reader r;
    size_t n;
    int count = unpack_some(L, limit, offset, &r);
    const uint8_t *begin = (const uint8_t *)lua.tolstring(L, 1, &n);
    lua.pushnumber(L, r.p == r.end ? -1 : (double)(r.p - begin));
    lua.insert(L, 2);
    return count + 1;
}

static int msgpack_unpack_one(lua_State *L) {
    return unpack_with_offset(L, 1, lua.gettop(L) > 1 ? lua.L_checknumber(L, 2) : 0);
}

static int msgpack_unpack_limit(lua_State *L) {
    double limit = lua.L_checknumber(L, 2);
    return unpack_with_offset(L, limit > 0 ? (int)limit : 0,
                              lua.gettop(L) > 2 ? lua.L_checknumber(L, 3) : 0);
}

void ek_lua_open_cmsgpack(lua_State *L) {
    static const char *const texts[][2] = {
        {"_NAME", "cmsgpack"},
        {"_VERSION", "lua-cmsgpack 0.4.0"},
        {"_DESCRIPTION", "MessagePack C implementation for Lua"},
    };
    lua.createtable(L, 0, 8);
    for (size_t i = 0; i < EK_COUNTOF(texts); i++) {
        lua.pushstring(L, texts[i][1]);
        lua.setfield(L, -2, texts[i][0]);
    }
    ek_lua_push_function(L, "pack", msgpack_pack);
    ek_lua_push_function(L, "unpack", msgpack_unpack);
    ek_lua_push_function(L, "unpack_one", msgpack_unpack_one);
    ek_lua_push_function(L, "unpack_limit", msgpack_unpack_limit);
}
