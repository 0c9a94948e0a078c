/* The library `bit` of scripts: operations on the low 32 bits of numbers, whose results are signed. */
#include "scripting/state.h"

#include <math.h>
#include <stdio.h>

static uint32_t bits_at(lua_State *L, int at) {
    double v = lua.L_checknumber(L, at), rest = fmod(v, 0x1p32);
    return isfinite(v) ? (uint32_t)(int64_t)rint(rest) : 0;
}

static int give(lua_State *L, uint32_t v) {
    lua.pushnumber(L, (int32_t)v);
    return 1;
}

static int bit_tobit(lua_State *L) { return give(L, bits_at(L, 1)); }
static int bit_bnot(lua_State *L) { return give(L, ~bits_at(L, 1)); }
static int bit_bswap(lua_State *L) { return give(L, __builtin_bswap32(bits_at(L, 1))); }

static int bit_band(lua_State *L) {
    uint32_t v = bits_at(L, 1);
    for (int i = lua.gettop(L); i > 1; i--) v &= bits_at(L, i);
    return give(L, v);
}

static int bit_bor(lua_State *L) {
    uint32_t v = bits_at(L, 1);
    for (int i = lua.gettop(L); i > 1; i--) v |= bits_at(L, i);
    return give(L, v);
}

static int bit_bxor(lua_State *L) {
    uint32_t v = bits_at(L, 1);
    for (int i = lua.gettop(L); i > 1; i--) v ^= bits_at(L, i);
    return give(L, v);
}

/* What is wrong with the first is told before what is wrong with the second. */
static int bit_lshift(lua_State *L) {
    uint32_t v = bits_at(L, 1), n = bits_at(L, 2) & 31;
    return give(L, v << n);
}

static int bit_rshift(lua_State *L) {
    uint32_t v = bits_at(L, 1), n = bits_at(L, 2) & 31;
    return give(L, v >> n);
}

static int bit_arshift(lua_State *L) {
    uint32_t v = bits_at(L, 1), n = bits_at(L, 2) & 31;
    return give(L, (uint32_t)((int32_t)v >> n));
}

static int bit_rol(lua_State *L) {
    uint32_t v = bits_at(L, 1), n = bits_at(L, 2) & 31;
    return give(L, v << n | v >> (-n & 31));
}

static int bit_ror(lua_State *L) {
    uint32_t v = bits_at(L, 1), n = bits_at(L, 2) & 31;
    return give(L, v >> n | v << (-n & 31));
}

static int bit_tohex(lua_State *L) {
    uint32_t v = bits_at(L, 1);
    int n = lua.gettop(L) > 1 ? (int32_t)bits_at(L, 2) : 8;
    char text[16];
    const char *format = n < 0 ? "%08X" : "%08x";
    n = n < 0 ? -n : n;
    if (n > 8 || n < 0) n = 8;
    snprintf(text, sizeof text, format, v);
    lua.pushlstring(L, text + 8 - n, (size_t)n);
    return 1;
}

void ek_lua_open_bit(lua_State *L) {
    static const struct {
        const char *name;
        lua_CFunction *f;
    } functions[] = {
        {"tobit", bit_tobit},   {"tohex", bit_tohex},     {"bnot", bit_bnot},
        {"band", bit_band},     {"bor", bit_bor},         {"bxor", bit_bxor},
        {"lshift", bit_lshift}, {"rshift", bit_rshift},   {"arshift", bit_arshift},
        {"rol", bit_rol},       {"ror", bit_ror},         {"bswap", bit_bswap},
    };
    lua.createtable(L, 0, EK_COUNTOF(functions));
    for (size_t i = 0; i < EK_COUNTOF(functions); i++)
        ek_lua_push_function(L, functions[i].name, functions[i].f);
}
