#include "scripting/state.h"

#include <stdio.h>
#include <stdlib.h>

#include "scripting/run.h"

#define TIDY_BYTES ((size_t)16 << 20)
#define KEPT_BYTES ((size_t)2 << 20)
#define RANDOM_BEGIN 0x1234abcd330e /* drand48's, when it was given no seed */

ek_lua_hooks ek_lua_above;

/* Most of what scripts make is small and soon garbage: such blocks are kept for the next of their size,
 * up to KEPT_BYTES. Each is one of malloc's, as long as its class says. */
static size_t class_of(size_t n) { return (n - 1) / EK_LUA_CLASS_BYTES; }

static void *take_block(ek_lua *self, size_t n) {
    if (n > EK_LUA_SMALL_BYTES) return malloc(n);
    ek_lua_block **kept = &self->kept[class_of(n)], *block = *kept;
    size_t size = (class_of(n) + 1) * EK_LUA_CLASS_BYTES;
    if (EK_UNLIKELY(!block)) return malloc(size);
    *kept = block->next;
    self->kept_bytes -= size;
    return block;
}

static void give_block(ek_lua *self, void *p, size_t n) {
    if (n - 1 >= EK_LUA_SMALL_BYTES || self->kept_bytes > KEPT_BYTES) {
        free(p);
        return;
    }
    ek_lua_block **kept = &self->kept[class_of(n)], *block = p;
    block->next = *kept;
    *kept = block;
    self->kept_bytes += (class_of(n) + 1) * EK_LUA_CLASS_BYTES;
}

static void *resize_block(void *p, size_t old, size_t n) {
    if (n > EK_LUA_SMALL_BYTES) return realloc(p, n);
    if (old <= EK_LUA_SMALL_BYTES && class_of(old) == class_of(n)) return p;
    return realloc(p, (class_of(n) + 1) * EK_LUA_CLASS_BYTES);
}

static void *allocate(void *ud, void *p, size_t old, size_t n) {
    ek_lua *self = ud;
    if (n == 0) {
        if (p) give_block(self, p, old);
        self->used -= old;
        return NULL;
    }
    if (n > old && (self->used > self->limit || n - old > self->limit - self->used)) return NULL;
    void *more = p ? resize_block(p, old, n) : take_block(self, n);
    if (more) self->used += n - old;
    return more;
}

/* Lua calls this for want of memory outside of a protected call. It may be jumped out of. */
static int panic(lua_State *L) {
    ek_raise(ek_lua_self(L)->a, EK_ENOMEM);
    return 0;
}

ek_lua *ek_lua_self(lua_State *L) {
    void *self;
    lua.getallocf(L, &self);
    return self;
}

int ek_lua_raise(lua_State *L, const char *text) {
    lua.createtable(L, 0, 1);
    lua.pushstring(L, text);
    lua.setfield(L, -2, "err");
    return lua.error(L);
}

void ek_lua_push_function(lua_State *L, const char *name, lua_CFunction *f) {
    lua.pushcclosure(L, f, 0);
    lua.setfield(L, -2, name);
}

uint8_t *ek_lua_text_room(lua_State *L, ek_lua_text *t, size_t n) {
    if (t->cap - t->n < n) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        while (cap < t->n + n) cap *= 2;
        uint8_t *p = cap <= ek_lua_self(L)->limit ? realloc(t->p, cap) : NULL;
        if (!p) {
            lua.L_error(L, "not enough memory");
            return NULL;
        }
        t->p = p;
        t->cap = cap;
    }
    t->n += n;
    return t->p + t->n - n;
}

int ek_lua_array_length(lua_State *L, int at, double *highest) {
    int n = 0;
    bool whole = true;
    *highest = 0;
    if (at < 0) at = lua.gettop(L) + at + 1;
    lua.pushnil(L);
    while (lua.next(L, at)) {
        double key = lua.type(L, -2) == LUA_TNUMBER ? lua.tonumber(L, -2) : 0;
        whole &= key >= 1 && key <= INT32_MAX && key == (double)(int32_t)key;
        if (key > *highest) *highest = key;
        n++;
        ek_lua_pop(L, 1);
    }
    if (!whole) *highest = 0;
    return whole && *highest == n ? n : -1;
}

/* What is compiled comes again when it is needed. */
static int tidy_protected(lua_State *L) {
    ek_lua *self = lua.touserdata(L, 1);
    for (size_t i = 0; i < EK_LUA_RECENT; i++) {
        if (self->recent[i].at) lua.L_unref(L, LUA_REGISTRYINDEX, self->recent[i].at);
        self->recent[i].at = 0;
    }
    lua.createtable(L, 0, 0);
    lua.rawseti(L, LUA_REGISTRYINDEX, self->scripts);
    return 0;
}

void ek_lua_tidy(ek_lua *self) {
    if (EK_UNLIKELY(self->text.cap > TIDY_BYTES)) {
        free(self->text.p);
        self->text = (ek_lua_text){0};
    }
    size_t limit = (size_t)self->s->root->config.lua_memory_limit;
    if (EK_LIKELY(self->used < self->rests + ek_min(TIDY_BYTES, limit / 8))) return;
    self->limit = SIZE_MAX;
    if (self->used > limit / 4 && lua.cpcall(self->L, tidy_protected, self) != 0)
        ek_lua_pop(self->L, 1);
    lua.gc(self->L, LUA_GCCOLLECT, 0);
    self->rests = self->used;
}

/* --- making one --- */

static int place(lua_State *L) {
    lua.createtable(L, 0, 0);
    return lua.L_ref(L, LUA_REGISTRYINDEX);
}

static int text_place(lua_State *L, const char *text) {
    lua.pushstring(L, text);
    return lua.L_ref(L, LUA_REGISTRYINDEX);
}

static int set_up(lua_State *L) {
    ek_lua *self = lua.touserdata(L, 1);
    lua_CFunction *const open[] = {lua.open_base, lua.open_table, lua.open_string, lua.open_math};
    static const char *const names[] = {"", "table", "string", "math"};
    for (size_t i = 0; i < EK_COUNTOF(open); i++) {
        lua.pushcclosure(L, open[i], 0);
        lua.pushstring(L, names[i]);
        lua.call(L, 1, 0);
    }
    self->scripts = place(L);
    self->libraries = place(L);
    self->registering = place(L);
    self->keys_name = text_place(L, "KEYS");
    self->argv_name = text_place(L, "ARGV");
    lua.pushcclosure(L, ek_lua_note_place, 0);
    self->handler = lua.L_ref(L, LUA_REGISTRYINDEX);
    lua.pushcclosure(L, ek_lua_run_protected, 0);
    self->runner = lua.L_ref(L, LUA_REGISTRYINDEX);
    ek_lua_make_globals(L, self);
    return 0;
}

static void close_state(void *p) {
    ek_lua *self = p;
    if (self->L) lua.close(self->L);
    for (size_t i = 0; i < EK_COUNTOF(self->kept); i++)
        while (self->kept[i]) {
            ek_lua_block *block = self->kept[i];
            self->kept[i] = block->next;
            free(block);
        }
    ek_scratch_free(&self->scratch);
    ek_reply_free(&self->reply);
    free(self->text.p);
    free(self);
}

static ek_lua *make(ek_store *s) {
    ek_lua *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->s = s;
    self->a = s->a;
    self->limit = SIZE_MAX;
    self->random = RANDOM_BEGIN;
    self->L = lua.newstate(allocate, self);
    if (self->L) lua.atpanic(self->L, panic);
    if (!self->L || lua.cpcall(self->L, set_up, self) != 0) {
        close_state(self);
        return NULL;
    }
    s->scripting = self;
    s->scripting_free = close_state;
    return self;
}

bool ek_lua_runs(const ek_store *s) {
    const ek_lua *self = s->scripting;
    return self && *(ek_ctx *volatile const *)&self->c;
}

static ek_lua *begin(ek_lua *self) {
    ek_lua_tidy(self); /* of what was refused before anything ran, too */
    self->limit = (size_t)self->s->root->config.lua_memory_limit;
    return self;
}

ek_lua *ek_lua_of(ek_ctx *c) {
    char path[4096], err[256] = "";
    if (EK_LIKELY(c->s->scripting != NULL)) return begin(c->s->scripting);
    if (!ek_lua_above.locate || !ek_lua_above.locate(path, sizeof path, err, sizeof err) ||
        (!ek_lua_load(path, err, sizeof err) && !ek_lua_above.replace(err, sizeof err))) {
        ek_reply_error(c->reply, "ERR scripts need the package lupa: %s", err);
        return NULL;
    }
    ek_lua *self = make(c->s);
    if (!self) ek_raise(c->a, EK_ENOMEM);
    return begin(self);
}
