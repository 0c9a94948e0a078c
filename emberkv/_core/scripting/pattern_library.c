/* find, match, gmatch and gsub of the library `string`, as Lua's reference manual has them.
 *
 * Lua's own match by calling themselves and count nothing: one pattern could take for ever, which no
 * hook interrupts, and a million of "a?" would be the end of the process. Here every step is
 * counted, the script looks around now and then as between its instructions (scripting/run.h), and
 * there is a limit to how deep matching goes.
 *
 * A pattern ends at its first zero byte, as Lua's do. */
#define _GNU_SOURCE /* memmem */
#include <ctype.h>

#include "scripting/run.h"

enum {
    CAPTURES = 32,
    DEPTH_MAX = 3000,   /* an item that repeats, and a capture, go one deeper: some 100 bytes of the stack */
    LOOK_AFTER = 65536, /* steps */
    UNCLOSED = -1,      /* of a capture, instead of a length */
    POSITION = -2,
};

#define ESCAPE '%'

typedef struct matching {
    lua_State *L;
    const char *text, *text_end, *pattern; /* the pattern without its ^ */
    bool anchored;
    unsigned steps;
    int depth, ncaptures;
    struct {
        const char *at;
        ptrdiff_t n;
    } captures[CAPTURES];
} matching;

static const char *match(matching *m, const char *s, const char *p);

static unsigned char byte(const char *p) { return (unsigned char)*p; }

static void step(matching *m) {
    if (EK_UNLIKELY(++m->steps % LOOK_AFTER == 0)) ek_lua_look_around(m->L, ek_lua_self(m->L));
}

/* --- one character --- */

/* Behind the character or class that begins at p. */
static const char *class_end(matching *m, const char *p) {
    if (*p == ESCAPE) {
        if (!p[1]) lua.L_error(m->L, "malformed pattern (ends with '%%')");
        return p + 2;
    }
    if (*p++ != '[') return p;
    if (*p == '^') p++;
    do {
        if (!*p) lua.L_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == ESCAPE && *p) p++;
    } while (*p != ']');
    return p + 1;
}

/* Is the character in the class %class? */
static bool in_class(int ch, int class) {
    bool is;
    switch (tolower(class)) {
    case 'a': is = isalpha(ch); break;
    case 'c': is = iscntrl(ch); break;
    case 'd': is = isdigit(ch); break;
    case 'l': is = islower(ch); break;
    case 'p': is = ispunct(ch); break;
    case 's': is = isspace(ch); break;
    case 'u': is = isupper(ch); break;
    case 'w': is = isalnum(ch); break;
    case 'x': is = isxdigit(ch); break;
    case 'z': is = ch == 0; break;
    default: return ch == class;
    }
    return isupper(class) ? !is : is;
}

/* ... in the set from the bracket at p to the one at `last`? */
static bool in_set(int ch, const char *p, const char *last) {
    bool found = true;
    if (p[1] == '^') {
        found = false;
        p++;
    }
    while (++p < last) {
        if (*p == ESCAPE) {
            if (in_class(ch, byte(++p))) return found;
        } else if (p[1] == '-' && p + 2 < last) {
            p += 2;
            if (byte(p - 2) <= ch && ch <= byte(p)) return found;
        } else if (byte(p) == ch) {
            return found;
        }
    }
    return !found;
}

static bool is_one(int ch, const char *p, const char *p_end) {
    switch (*p) {
    case '.': return true;
    case ESCAPE: return in_class(ch, byte(p + 1));
    case '[': return in_set(ch, p, p_end - 1);
    default: return byte(p) == ch;
    }
}

/* --- captures --- */

static ptrdiff_t capture_at(matching *m, int digit) {
    int i = digit - '1';
    if (i < 0 || i >= m->ncaptures || m->captures[i].n == UNCLOSED)
        return lua.L_error(m->L, "invalid capture index");
    return i;
}

static const char *open_capture(matching *m, const char *s, const char *p, int what) {
    if (m->ncaptures >= CAPTURES) lua.L_error(m->L, "too many captures");
    m->captures[m->ncaptures].at = s;
    m->captures[m->ncaptures++].n = what;
    const char *end = match(m, s, p);
    if (!end) m->ncaptures--;
    return end;
}

static const char *close_capture(matching *m, const char *s, const char *p) {
    int i = m->ncaptures;
    while (--i >= 0 && m->captures[i].n != UNCLOSED) {}
    if (i < 0) lua.L_error(m->L, "invalid pattern capture");
    m->captures[i].n = s - m->captures[i].at;
    const char *end = match(m, s, p);
    if (!end) m->captures[i].n = UNCLOSED;
    return end;
}

/* What capture i holds; with no captures at all the first is the whole match, from s to e. */
static void push_capture(matching *m, int i, const char *s, const char *e) {
    if (i >= m->ncaptures) {
        if (i > 0) lua.L_error(m->L, "invalid capture index");
        lua.pushlstring(m->L, s, (size_t)(e - s));
    } else if (m->captures[i].n == UNCLOSED) {
        lua.L_error(m->L, "unfinished capture");
    } else if (m->captures[i].n == POSITION) {
        lua.pushnumber(m->L, (double)(m->captures[i].at - m->text + 1));
    } else {
        lua.pushlstring(m->L, m->captures[i].at, (size_t)m->captures[i].n);
    }
}

static int push_captures(matching *m, bool whole, const char *s, const char *e) {
    int n = m->ncaptures || !whole ? m->ncaptures : 1;
    if (!lua.checkstack(m->L, n)) lua.L_error(m->L, "too many captures");
    for (int i = 0; i < n; i++) push_capture(m, i, s, e);
    return n;
}

/* --- items of patterns --- */

/* %bxy: behind the y that ends what the x at s begins. */
static const char *match_balance(matching *m, const char *s, const char *p) {
    if (!p[0] || !p[1]) lua.L_error(m->L, "unbalanced pattern");
    if (s == m->text_end || *s != p[0]) return NULL;
    for (int open = 1; ++s < m->text_end;) {
        step(m);
        if (*s == p[1]) {
            if (--open == 0) return s + 1;
        } else if (*s == p[0]) {
            open++;
        }
    }
    return NULL;
}

/* %f[set]: the set's end, if a run of its characters begins at s. */
static const char *match_frontier(matching *m, const char *s, const char *p) {
    if (*p != '[') lua.L_error(m->L, "missing '[' after '%%f' in pattern");
    const char *end = class_end(m, p);
    int before = s == m->text ? 0 : byte(s - 1), here = s == m->text_end ? 0 : byte(s);
    return !in_set(before, p, end - 1) && in_set(here, p, end - 1) ? end : NULL;
}

/* %1: behind what the capture holds, if it stands at s once more. */
static const char *match_again(matching *m, const char *s, const char *p) {
    ptrdiff_t i = capture_at(m, byte(p)), n = m->captures[i].n;
    bool fits = n >= 0 && m->text_end - s >= n;
    return fits && memcmp(m->captures[i].at, s, (size_t)n) == 0 ? s + n : NULL;
}

static bool is_one_here(matching *m, const char *s, const char *p, const char *p_end) {
    step(m);
    return s < m->text_end && is_one(byte(s), p, p_end);
}

static const char *match_most(matching *m, const char *s, const char *p, const char *p_end) {
    ptrdiff_t n = 0;
    while (is_one_here(m, s + n, p, p_end)) n++;
    for (; n >= 0; n--) {
        const char *end = match(m, s + n, p_end + 1);
        if (end) return end;
    }
    return NULL;
}

static const char *match_fewest(matching *m, const char *s, const char *p, const char *p_end) {
    for (;; s++) {
        const char *end = match(m, s, p_end + 1);
        if (end || !is_one_here(m, s, p, p_end)) return end;
    }
}

/* One item that is a character or class; true: go on at *s and *p. Else *s is the end of the match. */
static bool match_single(matching *m, const char **s, const char **p) {
    const char *p_end = class_end(m, *p), *end;
    bool is = is_one_here(m, *s, *p, p_end);
    switch (*p_end) {
    case '?':
        if (is && (end = match(m, *s + 1, p_end + 1))) {
            *s = end;
            return false;
        }
        *p = p_end + 1;
        return true;
    case '+': *s = is ? match_most(m, *s + 1, *p, p_end) : NULL; return false;
    case '*': *s = match_most(m, *s, *p, p_end); return false;
    case '-': *s = match_fewest(m, *s, *p, p_end); return false;
    default:
        if (is) ++*s;
        else *s = NULL;
        *p = p_end;
        return is;
    }
}

/* The end of what the pattern from p on matches at s; NULL: it does not. */
static const char *match_items(matching *m, const char *s, const char *p) {
    for (;;) {
        const char *next;
        if (!*p) return s;
        if (*p == '(')
            return p[1] == ')' ? open_capture(m, s, p + 2, POSITION)
                               : open_capture(m, s, p + 1, UNCLOSED);
        if (*p == ')') return close_capture(m, s, p + 1);
        if (*p == '$' && !p[1]) return s == m->text_end ? s : NULL;
        if (*p == ESCAPE && p[1] == 'b') {
            if (!(s = match_balance(m, s, p + 2))) return NULL;
            p += 4;
        } else if (*p == ESCAPE && p[1] == 'f') {
            if (!(next = match_frontier(m, s, p + 2))) return NULL;
            p = next;
        } else if (*p == ESCAPE && isdigit(byte(p + 1))) {
            if (!(s = match_again(m, s, p + 1))) return NULL;
            p += 2;
        } else if (!match_single(m, &s, &p)) {
            return s;
        }
    }
}

static const char *match(matching *m, const char *s, const char *p) {
    step(m);
    if (EK_UNLIKELY(++m->depth > DEPTH_MAX)) lua.L_error(m->L, "pattern too complex");
    const char *end = match_items(m, s, p);
    m->depth--;
    return end;
}

/* --- the functions --- */

/* The text and the pattern, arguments 1 and 2. */
static void begin(matching *m, lua_State *L, bool may_anchor) {
    size_t n;
    m->L = L;
    m->text = lua.L_checklstring(L, 1, &n);
    m->text_end = m->text + n;
    m->pattern = lua.L_checklstring(L, 2, NULL);
    m->anchored = may_anchor && *m->pattern == '^';
    m->pattern += m->anchored;
    m->steps = 0;
}

static const char *match_at(matching *m, const char *s) {
    m->depth = m->ncaptures = 0;
    return match(m, s, m->pattern);
}

/* The argument that says where to begin, from 0; it may be counted from the end. */
static ptrdiff_t init_argument(lua_State *L, ptrdiff_t n) {
    ptrdiff_t init = lua.gettop(L) < 3 || lua.type(L, 3) == LUA_TNIL
                         ? 1
                         : (ptrdiff_t)lua.L_checkinteger(L, 3);
    if (init < 0) init += n + 1;
    return init < 1 ? 0 : ek_min(init - 1, n);
}

static int find_plain(matching *m, const char *from, size_t n) {
    const char *found = n ? memmem(from, (size_t)(m->text_end - from), lua.tolstring(m->L, 2, NULL), n)
                          : from;
    if (!found) {
        lua.pushnil(m->L);
        return 1;
    }
    lua.pushnumber(m->L, (double)(found - m->text + 1));
    lua.pushnumber(m->L, (double)(found - m->text) + (double)n);
    return 2;
}

static int search(lua_State *L, bool find) {
    matching m;
    size_t n;
    begin(&m, L, true);
    const char *s = m.text + init_argument(L, m.text_end - m.text);
    const char *whole = lua.tolstring(L, 2, &n);
    if (find && ((lua.gettop(L) >= 4 && lua.toboolean(L, 4)) || !strpbrk(whole, "^$*+?.([%-")))
        return find_plain(&m, s, n);
    do {
        const char *end = match_at(&m, s);
        if (!end) continue;
        if (!find) return push_captures(&m, true, s, end);
        lua.pushnumber(L, (double)(s - m.text + 1));
        lua.pushnumber(L, (double)(end - m.text));
        return push_captures(&m, false, s, end) + 2;
    } while (s++ < m.text_end && !m.anchored);
    lua.pushnil(L);
    return 1;
}

static int string_find(lua_State *L) { return search(L, true); }
static int string_match(lua_State *L) { return search(L, false); }

/* Upvalues: text, pattern, where to go on. */
static int gmatch_next(lua_State *L) {
    matching m;
    lua.settop(L, 0);
    lua.pushvalue(L, LUA_UPVALUE(1));
    lua.pushvalue(L, LUA_UPVALUE(2));
    begin(&m, L, false);
    for (const char *s = m.text + lua.tointeger(L, LUA_UPVALUE(3)); s <= m.text_end; s++) {
        const char *end = match_at(&m, s);
        if (!end) continue;
        lua.pushnumber(L, (double)(end - m.text + (end == s)));
        lua.replace(L, LUA_UPVALUE(3));
        return push_captures(&m, true, s, end);
    }
    return 0;
}

static int string_gmatch(lua_State *L) {
    lua.L_checklstring(L, 1, NULL);
    lua.L_checklstring(L, 2, NULL);
    lua.settop(L, 2);
    lua.pushnumber(L, 0);
    lua.pushcclosure(L, gmatch_next, 3);
    return 1;
}

/* --- gsub --- */

enum { REPLACEMENT = 3, RESULT = 4 }; /* places on its stack */

/* The result, in a userdata at RESULT: a callback may use what the handle's text is used for. */
typedef struct result {
    char *p;
    size_t n, cap;
} result;

static void append(matching *m, result *r, const char *p, size_t n) {
    if (EK_UNLIKELY(r->cap - r->n < n)) {
        r->cap = (r->cap + n) * 2;
        char *more = lua.newuserdata(m->L, r->cap);
        if (r->n) memcpy(more, r->p, r->n);
        r->p = more;
        lua.replace(m->L, RESULT);
    }
    if (n) memcpy(r->p + r->n, p, n);
    r->n += n;
}

/* Append the text on top of the stack and pop it. */
static void append_top(matching *m, result *r) {
    size_t n;
    const char *p = lua.tolstring(m->L, -1, &n);
    lua.pushvalue(m->L, -1); /* of which append makes room */
    append(m, r, p, n);
    ek_lua_pop(m->L, 2);
}

/* The replacement is a text, in which %1 stands for a capture. */
static void append_expanded(matching *m, result *r, const char *s, const char *e) {
    size_t n;
    const char *p = lua.tolstring(m->L, REPLACEMENT, &n), *end = p + n;
    for (; p < end; p++) {
        if (*p != ESCAPE) {
            append(m, r, p, 1);
        } else if (++p, !isdigit(byte(p))) { /* behind the last is a zero */
            append(m, r, p, 1);
        } else if (*p == '0') {
            append(m, r, s, (size_t)(e - s));
        } else {
            push_capture(m, *p - '1', s, e);
            append_top(m, r);
        }
    }
}

/* What replaces the match from s to e. */
static void append_value(matching *m, result *r, const char *s, const char *e) {
    lua_State *L = m->L;
    int type = lua.type(L, REPLACEMENT);
    if (type == LUA_TFUNCTION) {
        lua.pushvalue(L, REPLACEMENT);
        lua.call(L, push_captures(m, true, s, e), 1);
    } else if (type == LUA_TTABLE) {
        push_capture(m, 0, s, e);
        lua.gettable(L, REPLACEMENT);
    } else {
        append_expanded(m, r, s, e);
        return;
    }
    if (!lua.toboolean(L, -1)) { /* keeps what was there */
        ek_lua_pop(L, 1);
        append(m, r, s, (size_t)(e - s));
        return;
    }
    type = lua.type(L, -1);
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        lua.L_error(L, "invalid replacement value (a %s)", lua.typename(L, type));
    append_top(m, r);
}

static int string_gsub(lua_State *L) {
    matching m;
    result r = {NULL, 0, 0};
    begin(&m, L, true);
    int type = lua.type(L, REPLACEMENT), n = 0;
    int most = lua.gettop(L) < 4 || lua.type(L, 4) == LUA_TNIL
                   ? (int)ek_min(m.text_end - m.text + 1, INT32_MAX)
                   : (int)lua.L_checkinteger(L, 4);
    if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TTABLE && type != LUA_TFUNCTION)
        return lua.L_argerror(L, REPLACEMENT, "string/function/table expected");
    lua.settop(L, REPLACEMENT);
    lua.pushnil(L); /* RESULT */
    const char *s = m.text;
    while (n < most) {
        const char *end = match_at(&m, s);
        if (end) {
            n++;
            append_value(&m, &r, s, end);
        }
        if (end && end > s) s = end;
        else if (s < m.text_end) append(&m, &r, s++, 1);
        else break;
        if (m.anchored) break;
    }
    append(&m, &r, s, (size_t)(m.text_end - s));
    lua.pushlstring(L, r.n ? r.p : "", r.n);
    lua.pushnumber(L, n);
    return 2;
}

/* Lua's own takes its time for nothing, many times. Upvalue 1: the original. */
static int string_rep(lua_State *L) {
    size_t n;
    lua.L_checklstring(L, 1, &n);
    lua.L_checkinteger(L, 2);
    if (n > 0) return lua.tocfunction(L, LUA_UPVALUE(1))(L);
    lua.pushlstring(L, "", 0);
    return 1;
}

void ek_lua_open_patterns(lua_State *L) {
    ek_lua_push_function(L, "find", string_find);
    ek_lua_push_function(L, "match", string_match);
    ek_lua_push_function(L, "gmatch", string_gmatch);
    ek_lua_push_function(L, "gfind", string_gmatch);
    ek_lua_push_function(L, "gsub", string_gsub);
    lua.getfield(L, -1, "rep");
    lua.pushcclosure(L, string_rep, 1);
    lua.setfield(L, -2, "rep");
}
