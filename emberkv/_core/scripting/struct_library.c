/* The library `struct` of scripts: values packed into bytes as C's structures are, by a format.
 *
 *   >  <   big, little endian     !n  align to n, at most (without n: to 8)    ' '  nothing
 *   b B  h H  l L  T   signed and unsigned integers of 1, 2, 8, 8 bytes
 *   i I    likewise of 4, or of n: i3       f d   floating point numbers
 *   x      one byte of padding              s     a string that ends with a zero
 *   cn     n bytes; c0: all of the string; when unpacking, as many as the last number said */
#include "scripting/state.h"

#define INTEGER_MAX 32 /* bytes of one */
#define ALIGN_DEFAULT 8

typedef struct format {
    const char *p;
    bool big;
    size_t align; /* no more than this */
    size_t at;    /* bytes so far, from where alignment counts */
    const char *function; /* for errors */
} format;

typedef struct option {
    char type;
    size_t size, pad; /* pad: zeros in front of it */
} option;

static bool is_digit(char ch) { return ch >= '0' && ch <= '9'; }

static size_t number(lua_State *L, format *f, size_t otherwise) {
    if (!is_digit(*f->p)) return otherwise;
    size_t n = 0;
    for (; is_digit(*f->p); f->p++) {
        if (n > (INT32_MAX - 9) / 10) lua.L_error(L, "integral size overflow");
        n = n * 10 + (size_t)(*f->p - '0');
    }
    return n;
}

static size_t integer_size(lua_State *L, format *f) {
    size_t n = number(L, f, sizeof(int));
    if (n > INTEGER_MAX)
        lua.L_error(L, "integral size %d is larger than limit of %d", (int)n, INTEGER_MAX);
    return n;
}

static size_t size_of(lua_State *L, format *f, char type) {
    switch (type) {
    case 'b': case 'B': case 'x': return 1;
    case 'h': case 'H': return sizeof(short);
    case 'l': case 'L': return sizeof(long);
    case 'T': return sizeof(size_t);
    case 'f': return sizeof(float);
    case 'd': return sizeof(double);
    case 'c': return number(L, f, 1);
    case 'i': case 'I': return integer_size(L, f);
    default: return 0; /* what says how, and strings */
    }
}

/* The next option that stands for a value, or for padding. False: the format is at its end. */
static bool next(lua_State *L, format *f, option *o) {
    for (;;) {
        char type = *f->p;
        if (!type) return false;
        f->p++;
        switch (type) {
        case ' ': continue;
        case '>': f->big = true; continue;
        case '<': f->big = false; continue;
        case '!':
            f->align = number(L, f, ALIGN_DEFAULT);
            if (!f->align || f->align & (f->align - 1))
                lua.L_error(L, "alignment %d is not a power of 2", (int)f->align);
            continue;
        }
        if (!strchr("bBxhHlLTfdciIs", type))
            lua.L_error(L, "bad argument #1 to '%s' (invalid format option '%c')", f->function, type);
        *o = (option){.type = type, .size = size_of(L, f, type)};
        size_t align = type == 'c' || type == 's' || type == 'x' ? 1 : ek_min(o->size, f->align);
        if (align > 1) o->pad = (align - (f->at & (align - 1))) & (align - 1);
        return true;
    }
}

static format begin(lua_State *L, const char *function) {
    return (format){.p = lua.L_checklstring(L, 1, NULL), .align = 1, .function = function};
}

static bool is_little(void) {
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

/* Copy so that the bytes are in the other order, if need be. */
static void put_ordered(uint8_t *to, const void *from, size_t n, bool big) {
    const uint8_t *p = from;
    for (size_t i = 0; i < n; i++) to[i] = big == is_little() ? p[n - 1 - i] : p[i];
}

/* Fractions are cut off; what is below zero is as in two's complement. */
static uint64_t to_integer(double d) {
    return d < 0 ? (uint64_t)(d >= -0x1p63 ? (int64_t)d : INT64_MIN)
                 : d < 0x1p64 ? (uint64_t)d : 0;
}

static void pack_integer(uint8_t *to, uint64_t v, size_t n, bool big) {
    for (size_t i = 0; i < n; i++) {
        to[big ? n - 1 - i : i] = (uint8_t)v;
        v >>= 8;
    }
}

static void pack_one(lua_State *L, ek_lua_text *t, const format *f, const option *o, int arg) {
    size_t len;
    if (o->type == 'c' || o->type == 's') {
        const char *s = lua.L_checklstring(L, arg, &len);
        size_t n = o->size ? o->size : len;
        if (len < n) lua.L_error(L, "bad argument #%d to 'pack' (string too short)", arg + 1);
        ek_lua_text_put(L, t, s, n);
        if (o->type == 's') ek_lua_text_byte(L, t, 0);
        return;
    }
    double d = lua.L_checknumber(L, arg);
    float single = (float)d;
    uint8_t *to = ek_lua_text_room(L, t, o->size);
    if (o->type == 'f') put_ordered(to, &single, sizeof single, f->big);
    else if (o->type == 'd') put_ordered(to, &d, sizeof d, f->big);
    else pack_integer(to, to_integer(d), o->size, f->big);
}

static int struct_pack(lua_State *L) {
    ek_lua_text *t = &ek_lua_self(L)->text;
    format f = begin(L, "pack");
    option o;
    int arg = 2;
    t->n = 0;
    lua.pushnil(L); /* what is missing is nil */
    while (f.at = t->n, next(L, &f, &o)) {
        for (size_t i = 0; i < o.pad; i++) ek_lua_text_byte(L, t, 0);
        if (o.type == 'x') ek_lua_text_byte(L, t, 0);
        else pack_one(L, t, &f, &o, arg++);
    }
    lua.pushlstring(L, (const char *)t->p, t->n);
    return 1;
}

static double unpack_integer(const uint8_t *p, const format *f, const option *o) {
    uint64_t v = 0;
    for (size_t i = 0; i < o->size; i++) v = v << 8 | p[f->big ? i : o->size - 1 - i];
    bool is_signed = o->type >= 'a' && o->type <= 'z';
    if (!is_signed) return (double)v;
    if (o->size < sizeof v && o->size > 0 && v >> (8 * o->size - 1)) v |= ~(uint64_t)0 << (8 * o->size);
    return (double)(int64_t)v;
}

/* Push the value at p, where `left` bytes are; returns how many of them it is. */
static size_t unpack_one(lua_State *L, const format *f, const option *o, const char *p, size_t left,
                         int values) {
    float single;
    double d;
    size_t n = o->size;
    switch (o->type) {
    case 'x': return 1;
    case 'f':
        put_ordered((uint8_t *)&single, p, sizeof single, f->big);
        lua.pushnumber(L, single);
        return n;
    case 'd':
        put_ordered((uint8_t *)&d, p, sizeof d, f->big);
        lua.pushnumber(L, d);
        return n;
    case 'c':
        if (n == 0) {
            if (!values || lua.type(L, -1) != LUA_TNUMBER)
                lua.L_error(L, "format 'c0' needs a previous size");
            d = lua.tonumber(L, -1);
            ek_lua_pop(L, 1);
            if (!(d > -1 && d <= (double)left)) lua.L_error(L, "bad argument #2 to 'unpack' (data string too short)");
            n = (size_t)d;
        }
        lua.pushlstring(L, p, n);
        return n;
    case 's': {
        const char *end = memchr(p, 0, left);
        if (!end) lua.L_error(L, "unfinished string in data");
        lua.pushlstring(L, p, (size_t)(end - p));
        return (size_t)(end - p) + 1;
    }
    default: lua.pushnumber(L, unpack_integer((const uint8_t *)p, f, o)); return n;
    }
}

static int struct_unpack(lua_State *L) {
    size_t len;
    format f = begin(L, "unpack");
    const char *data = lua.L_checklstring(L, 2, &len);
    double from = lua.gettop(L) >= 3 && lua.type(L, 3) != LUA_TNIL ? lua.L_checknumber(L, 3) : 1;
    option o;
    if ((int64_t)from == 0)
        return lua.L_error(L, "bad argument #3 to 'unpack' (offset must be 1 or greater)");
    f.at = from >= 1 && from - 1 <= (double)len ? (size_t)from - 1 : len + 1;
    lua.settop(L, 2);
    while (next(L, &f, &o)) {
        if (f.at > len || o.pad > len - f.at || o.size > len - f.at - o.pad)
            return lua.L_error(L, "bad argument #2 to 'unpack' (data string too short)");
        f.at += o.pad;
        if (!lua.checkstack(L, 4)) return lua.L_error(L, "too many results");
        f.at += unpack_one(L, &f, &o, data + f.at, len - f.at, lua.gettop(L) - 2);
    }
    lua.pushnumber(L, (double)f.at + 1);
    return lua.gettop(L) - 2;
}

static int struct_size(lua_State *L) {
    format f = begin(L, "size");
    option o;
    while (next(L, &f, &o)) {
        if (o.size == 0 && (o.type == 's' || o.type == 'c'))
            return lua.L_error(L, "bad argument #1 to 'size' (option '%s' has no fixed size)",
                               o.type == 's' ? "s" : "c0");
        f.at += o.pad + o.size;
    }
    lua.pushnumber(L, (double)f.at);
    return 1;
}

void ek_lua_open_struct(lua_State *L) {
    lua.createtable(L, 0, 3);
    ek_lua_push_function(L, "pack", struct_pack);
    ek_lua_push_function(L, "unpack", struct_unpack);
    ek_lua_push_function(L, "size", struct_size);
}
