# Lua's C interface, made of what the lupa package gives to Python: for where its extension module keeps
# the symbols of Lua to itself. What scripts may do and say is in scripting/*.c as ever; this is the
# one seam, `ek_lua_api`, filled with functions that work on Python objects. It is some twenty times
# slower, and loaded only when it is needed (or EMBERKV_LUA=objects asks for it, for tests).
#
# A value of Lua is None, bool, float, bytes, or one of lupa's objects; the stack of the C interface is a
# list of them. A function in C that Lua calls is a `Function`. Errors: what is raised lies on top of
# the stack and the C code is left by a jump to `enter`, over frames of C alone; from there on it is a
# `Raised`, which lupa carries through Lua. Everything here holds the interpreter, and no function
# that jumps does.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport uintptr_t
from libc.string cimport strlen

from os import urandom

cdef extern from *:
    """
    #include "scripting/state.h"

    #include <setjmp.h>
    #include <stdarg.h>
    #include <stdio.h>
    #include <stdlib.h>

    typedef struct lua_frame {
        struct lua_frame *outer;
        jmp_buf jump;
    } lua_frame;

    struct lua_State {
        lua_frame *frame; /* of the function in C that was called last */
        void *state;      /* the State */
        ek_lua *self;
        lua_CFunction *panic;
    };

    /* Call the function; how many results it left, -1: the error is on top of the stack. */
    static int enter(lua_State *L, lua_CFunction *f) {
        lua_frame frame = {.outer = L->frame};
        L->frame = &frame;
        int n = _setjmp(frame.jump) ? -1 : f(L);
        L->frame = frame.outer;
        return n;
    }

    static int leave(lua_State *L) {
        if (!L->frame) L->panic(L); /* does not return */
        _longjmp(L->frame->jump, 1);
        return 0;
    }

    /* What may fail: below zero, and the error is on top of the stack. */
    static struct {
        int (*gettable)(lua_State *, int);
        int (*getfield)(lua_State *, int, const char *);
        int (*settable)(lua_State *, int);
        int (*setfield)(lua_State *, int, const char *);
        int (*rawset)(lua_State *, int);
        int (*rawseti)(lua_State *, int, int);
        int (*call)(lua_State *, int, int);
        int (*next)(lua_State *, int);
        int (*concat)(lua_State *, int);
        int (*newuserdata)(lua_State *, size_t, void **);
        int (*checktype)(lua_State *, int, int);
        int (*checknumber)(lua_State *, int, double *);
        int (*checklstring)(lua_State *, int, size_t *, const char **);
        void (*argerror)(lua_State *, int, const char *);
        void (*error)(lua_State *, const char *); /* push it with the place in front */
        void (*pushstring)(lua_State *, const char *);
        const char *(*tolstring)(lua_State *, int, size_t *);
    } may;

    static int or_leave(lua_State *L, int n) { return n < 0 ? leave(L) : n; }
    static void j_gettable(lua_State *L, int i) { or_leave(L, may.gettable(L, i)); }
    static void j_getfield(lua_State *L, int i, const char *k) { or_leave(L, may.getfield(L, i, k)); }
    static void j_settable(lua_State *L, int i) { or_leave(L, may.settable(L, i)); }
    static void j_setfield(lua_State *L, int i, const char *k) { or_leave(L, may.setfield(L, i, k)); }
    static void j_rawset(lua_State *L, int i) { or_leave(L, may.rawset(L, i)); }
    static void j_rawseti(lua_State *L, int i, int n) { or_leave(L, may.rawseti(L, i, n)); }
    static void j_call(lua_State *L, int n, int r) { or_leave(L, may.call(L, n, r)); }
    static int j_next(lua_State *L, int i) { return or_leave(L, may.next(L, i)); }
    static void j_concat(lua_State *L, int n) { or_leave(L, may.concat(L, n)); }
    static int j_error(lua_State *L) { return leave(L); }
    static void j_checktype(lua_State *L, int i, int t) { or_leave(L, may.checktype(L, i, t)); }
    static void *j_newuserdata(lua_State *L, size_t n) {
        void *p = NULL;
        or_leave(L, may.newuserdata(L, n, &p));
        return p;
    }
    static double j_checknumber(lua_State *L, int i) {
        double v = 0;
        or_leave(L, may.checknumber(L, i, &v));
        return v;
    }
    static ptrdiff_t whole(double v) {
        return v >= -0x1p63 && v < 0x1p63 ? (ptrdiff_t)v : INT64_MIN;
    }
    static ptrdiff_t j_checkinteger(lua_State *L, int i) { return whole(j_checknumber(L, i)); }
    static const char *j_checklstring(lua_State *L, int i, size_t *n) {
        const char *p = NULL;
        or_leave(L, may.checklstring(L, i, n, &p));
        return p;
    }
    static int j_argerror(lua_State *L, int i, const char *why) {
        may.argerror(L, i, why);
        return leave(L);
    }
    static char *formatted(const char *format, va_list args) {
        char *text;
        return vasprintf(&text, format, args) < 0 ? NULL : text;
    }
    static int j_L_error(lua_State *L, const char *format, ...) {
        va_list args;
        va_start(args, format);
        char *text = formatted(format, args);
        va_end(args);
        may.error(L, text ? text : "not enough memory");
        free(text);
        return leave(L);
    }
    static const char *pushfstring(lua_State *L, const char *format, ...) {
        va_list args;
        va_start(args, format);
        char *text = formatted(format, args);
        va_end(args);
        may.pushstring(L, text ? text : "not enough memory");
        free(text);
        return may.tolstring(L, -1, NULL);
    }
    static int opened(lua_State *L) { (void)L; return 0; } /* lupa has all libraries open */
    static lua_CFunction *atpanic(lua_State *L, lua_CFunction *f) { return L->panic = f; }
    static lua_Alloc *getallocf(lua_State *L, void **ud) {
        *ud = L->self;
        return NULL;
    }

    static void fill_jumping(ek_lua_api *to) {
        to->gettable = j_gettable;
        to->getfield = j_getfield;
        to->settable = j_settable;
        to->setfield = j_setfield;
        to->rawset = j_rawset;
        to->rawseti = j_rawseti;
        to->call = j_call;
        to->next = j_next;
        to->concat = j_concat;
        to->error = j_error;
        to->newuserdata = j_newuserdata;
        to->pushfstring = pushfstring;
        to->L_error = j_L_error;
        to->L_checktype = j_checktype;
        to->L_checknumber = j_checknumber;
        to->L_checkinteger = j_checkinteger;
        to->L_checklstring = j_checklstring;
        to->L_argerror = j_argerror;
        to->open_base = to->open_table = to->open_string = to->open_math = opened;
        to->atpanic = atpanic;
        to->getallocf = getallocf;
    }
    """
    ctypedef struct lua_State:
        void *state
        ek_lua *self
    ctypedef struct ek_lua:
        size_t used, limit
    ctypedef int lua_CFunction(lua_State *L) noexcept nogil
    ctypedef void *lua_Alloc(void *ud, void *p, size_t old, size_t n) noexcept nogil
    ctypedef struct lua_Debug:
        const char *source
        int currentline, i_ci
    ctypedef void lua_Hook(lua_State *L, lua_Debug *ar) noexcept nogil
    enum: LUA_REGISTRYINDEX, LUA_GLOBALSINDEX, LUA_TNIL, LUA_TBOOLEAN, LUA_TLIGHTUSERDATA
    enum: LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TFUNCTION, LUA_MULTRET, LUA_GCCOLLECT
    int enter(lua_State *L, lua_CFunction *f) noexcept nogil
    int leave(lua_State *L) noexcept nogil
    ptrdiff_t whole(double v) noexcept nogil
    ctypedef struct may_fail "may":
        int (*gettable)(lua_State *, int) noexcept nogil
        int (*getfield)(lua_State *, int, const char *) noexcept nogil
        int (*settable)(lua_State *, int) noexcept nogil
        int (*setfield)(lua_State *, int, const char *) noexcept nogil
        int (*rawset)(lua_State *, int) noexcept nogil
        int (*rawseti)(lua_State *, int, int) noexcept nogil
        int (*call)(lua_State *, int, int) noexcept nogil
        int (*next)(lua_State *, int) noexcept nogil
        int (*concat)(lua_State *, int) noexcept nogil
        int (*newuserdata)(lua_State *, size_t, void **) noexcept nogil
        int (*checktype)(lua_State *, int, int) noexcept nogil
        int (*checknumber)(lua_State *, int, double *) noexcept nogil
        int (*checklstring)(lua_State *, int, size_t *, const char **) noexcept nogil
        void (*argerror)(lua_State *, int, const char *) noexcept nogil
        void (*error)(lua_State *, const char *) noexcept nogil
        void (*pushstring)(lua_State *, const char *) noexcept nogil
        const char *(*tolstring)(lua_State *, int, size_t *) noexcept nogil
    may_fail may
    ctypedef struct ek_lua_api:
        lua_State *(*newstate)(lua_Alloc *, void *) noexcept nogil
        void (*close)(lua_State *) noexcept nogil
        int (*gettop)(lua_State *) noexcept nogil
        void (*settop)(lua_State *, int) noexcept nogil
        void (*pushvalue)(lua_State *, int) noexcept nogil
        void (*remove)(lua_State *, int) noexcept nogil
        void (*insert)(lua_State *, int) noexcept nogil
        void (*replace)(lua_State *, int) noexcept nogil
        int (*checkstack)(lua_State *, int) noexcept nogil
        int (*type)(lua_State *, int) noexcept nogil
        const char *(*typename)(lua_State *, int) noexcept nogil
        int (*isnumber)(lua_State *, int) noexcept nogil
        int (*rawequal)(lua_State *, int, int) noexcept nogil
        double (*tonumber)(lua_State *, int) noexcept nogil
        ptrdiff_t (*tointeger)(lua_State *, int) noexcept nogil
        int (*toboolean)(lua_State *, int) noexcept nogil
        const char *(*tolstring)(lua_State *, int, size_t *) noexcept nogil
        size_t (*objlen)(lua_State *, int) noexcept nogil
        void *(*touserdata)(lua_State *, int) noexcept nogil
        lua_CFunction *(*tocfunction)(lua_State *, int) noexcept nogil
        void (*pushnil)(lua_State *) noexcept nogil
        void (*pushnumber)(lua_State *, double) noexcept nogil
        void (*pushlstring)(lua_State *, const char *, size_t) noexcept nogil
        void (*pushstring)(lua_State *, const char *) noexcept nogil
        void (*pushcclosure)(lua_State *, lua_CFunction *, int) noexcept nogil
        void (*pushboolean)(lua_State *, int) noexcept nogil
        void (*pushlightuserdata)(lua_State *, void *) noexcept nogil
        void (*rawget)(lua_State *, int) noexcept nogil
        void (*rawgeti)(lua_State *, int, int) noexcept nogil
        void (*createtable)(lua_State *, int, int) noexcept nogil
        int (*getmetatable)(lua_State *, int) noexcept nogil
        int (*setmetatable)(lua_State *, int) noexcept nogil
        int (*pcall)(lua_State *, int, int, int) noexcept nogil
        int (*cpcall)(lua_State *, lua_CFunction *, void *) noexcept nogil
        int (*gc)(lua_State *, int, int) noexcept nogil
        int (*getstack)(lua_State *, int, lua_Debug *) noexcept nogil
        int (*getinfo)(lua_State *, const char *, lua_Debug *) noexcept nogil
        int (*sethook)(lua_State *, lua_Hook *, int, int) noexcept nogil
        int (*setfenv)(lua_State *, int) noexcept nogil
        int (*L_loadbuffer)(lua_State *, const char *, size_t, const char *) noexcept nogil
        int (*L_ref)(lua_State *, int) noexcept nogil
        void (*L_unref)(lua_State *, int, int) noexcept nogil
    void fill_jumping(ek_lua_api *to) noexcept nogil

# What Lua itself has to do. Its lines are no place of an error.
cdef bytes PRELUDE = b"""
local unraise = ...
local rawget, rawset, rawequal, next, unpack, select = rawget, rawset, rawequal, next, unpack, select
local pcall, xpcall, setfenv, loadstring, error = pcall, xpcall, setfenv, loadstring, error
local tonumber, collectgarbage, as_function = tonumber, collectgarbage, python.as_function
local sethook, gethook, create, resume = debug.sethook, debug.gethook, coroutine.create, coroutine.resume

local function resumed(ok, ...)
    if ok then return ok, ... end
    return ok, unraise((...))
end
local function passed_on(ok, ...)
    if ok then return ... end
    error((...), 0)
end
coroutine.create = function(f) -- which has the hook of who made it
    local co, hook, mask, count = create(f), gethook()
    if hook then sethook(co, hook, mask, count) end
    return co
end
coroutine.resume = function(...) return resumed(resume(...)) end
local made = coroutine.create
coroutine.wrap = function(f)
    local co = made(f)
    return function(...) return passed_on(resume(co, ...)) end
end
-- lupa keeps its wrappers of Python objects by number in a weak table. When no number is free it takes
-- the one behind the last, which may be that of a wrapper that is gone but not finalised: then two have
-- it, and are taken for each other. So there are free ones, more than State.hand lets wait.
local wrappers = debug.getregistry().LUPA_PYTHON_REFERENCES_TABLE
if wrappers then
    local first = #wrappers + 1
    for i = first, 16384 do wrappers[i] = i + 1 end
    wrappers[16384] = wrappers[0] or 0 -- wrappers[0] is the first free one
    wrappers[0] = first
end
local protected = xpcall
_G.xpcall = function(f, handler) return protected(f, function(e) return handler(unraise(e)) end) end
python = nil

return {
    rawget = rawget, rawequal = rawequal, tonumber = tonumber, gc = collectgarbage,
    rawset = function(t, k, v) rawset(t, k, v) end,
    put = function(t, k, f) rawset(t, k, as_function(f)) end,
    next = function(t, k) return next(t, k) end,
    index = function(t, k) return pcall(function() return t[k] end) end,
    newindex = function(t, k, v) return pcall(function() t[k] = v end) end,
    size = function(t) return #t end,
    table = function() return {} end,
    getmetatable = debug.getmetatable, setmetatable = debug.setmetatable, info = debug.getinfo,
    wrap = function(f)
        f = as_function(f)
        return function(...) return f(...) end
    end,
    call = function(handler, f, ...)
        local n, a = select('#', ...), {...}
        return protected(function() return f(unpack(a, 1, n)) end, as_function(handler))
    end,
    call_c = function(handler, f, ...)
        local n, a = select('#', ...), {...}
        f = as_function(f)
        return protected(function() return f(unpack(a, 1, n)) end, as_function(handler))
    end,
    load = function(text, name, env)
        local f, why = loadstring(text, name)
        if f then return true, setfenv(f, env) end
        return false, why
    end,
    setfenv = setfenv,
    hook = function(f, n)
        if f then sethook(as_function(f), '', n) else sethook() end
    end,
}
"""

cdef enum:
    STACK_MAX = 8000
    ERROR = 2
    NO_MEMORY = 4
    HANDED_MOST = 8192

cdef tuple SCRIPTS_RUN_IN = (b"call", b"call_c", b"index", b"newindex", b"wrap")
cdef bytes FULL = b"not enough memory"
cdef dict TYPES = {None: LUA_TNIL, "table": LUA_TTABLE, "function": LUA_TFUNCTION}
cdef list NAMES = [b"nil", b"boolean", b"userdata", b"number", b"string", b"table", b"function",
                   b"userdata", b"thread", b"no value"]
cdef object lupa = None  # lupa.lua51


cdef class Light:
    """A pointer as a value of Lua."""
    cdef void *p

    def __repr__(self):
        return "userdata: (nil)"


cdef class Memory:
    """Memory that Lua owns. It never leaves the stack and upvalues, so it is nothing to Lua."""
    cdef void *p
    cdef size_t n

    def __dealloc__(self):
        PyMem_Free(self.p)


cdef class Raised(Exception):
    cdef object value
    cdef bint handled  # by the handler of the innermost pcall


cdef class Function:
    """A function in C, as Lua calls it."""
    cdef State state
    cdef lua_CFunction *f
    cdef list upvalues
    cdef object wrapped

    def __call__(self, *args):
        cdef State s = self.state
        cdef Py_ssize_t base = s.base, begin = len(s.stack), lent = len(s.lent)
        cdef list upvalues = s.upvalues
        cdef int n
        s.base = begin
        s.upvalues = self.upvalues
        s.bound(False)
        for x in args:
            s.stack.append(taken(x))
        n = enter(&s.c, self.f)
        try:
            s.hand(n if n > 0 else 1)
            if n < 0:
                raise s.raised()
            results = tuple([s.given(x) for x in s.stack[len(s.stack) - n:]]) if n else ()
            return results
        finally:
            del s.stack[begin:]
            del s.lent[lent:]
            s.base = base
            s.upvalues = upvalues


cdef class Handler:
    """The handler of errors of a pcall; one that was handled is not handled again."""
    cdef object f  # a Function, or None

    def __call__(self, error=None):
        if isinstance(error, Raised) and (<Raised> error).handled:
            return (<Raised> error).value
        return error if self.f is None else self.f(error)


cdef class Helper:
    """A function of the prelude, in which no hook is heeded: C code has called it."""
    cdef State state
    cdef object f

    def __call__(self, *args):
        self.state.hand(len(args))
        self.state.helping += 1
        try:
            return self.f(*args)
        finally:
            self.state.helping -= 1


cdef class Hook:
    cdef State state
    cdef lua_Hook *f

    def __call__(self, *args):
        cdef State s = self.state
        cdef Py_ssize_t base = s.base, begin = len(s.stack)
        s.bound(False)
        if s.helping:
            return ()
        s.base = begin
        s.hook = self.f
        try:
            s.measure()
            if s.c.self.used > s.c.self.limit:
                s.stack.append(FULL)
                raise s.raised()
            if enter(&s.c, run_hook) < 0:
                raise s.raised()
            s.bound(True)
        finally:
            del s.stack[begin:]
            s.base = base
        return ()


cdef int run_hook(lua_State *L) noexcept nogil:
    cdef lua_Hook *f = hook_of(L)
    f(L, NULL)
    return 0


cdef lua_Hook *hook_of(lua_State *L) noexcept with gil:
    return (<State> L.state).hook


cdef object taken(object x):
    """A value that came from Lua, as it lies on the stack."""
    if type(x) is int:
        return float(x)
    if isinstance(x, BaseException):
        return (<Raised> x).value if isinstance(x, Raised) else str(x).encode()
    return x


def unraise(x=None):
    return taken(x)


cdef class State:
    cdef lua_State c
    cdef list stack, upvalues
    cdef Py_ssize_t base
    cdef dict registry, lights
    cdef int references
    cdef object runtime, globals, handler
    cdef object do  # what the prelude gave
    cdef bytes name  # of the prelude: no script can have it
    cdef list lent  # strings whose bytes the C code points to, though they may be off the stack
    cdef lua_Hook *hook
    cdef bint handled  # the error on top of the stack
    cdef int helping
    cdef Py_ssize_t handed  # values, since the last full collection

    cdef void begin(self, ek_lua *of) except *:
        self.runtime = lupa.LuaRuntime(
            encoding=None, unpack_returned_tuples=True, register_eval=False,
            register_builtins=False, attribute_filter=no_attributes, max_memory=0,
        )
        self.stack = []
        self.upvalues = []
        self.lent = []
        self.registry = {}
        self.lights = {}
        self.c.self = of
        self.name = b"=" + urandom(8).hex().encode()
        load = self.runtime.execute(b"return loadstring")
        self.do = {}
        for name, f in load(PRELUDE, self.name)(unraise).items():
            self.do[name] = f if name in SCRIPTS_RUN_IN else helper(self, f)
        self.globals = self.runtime.globals()

    cdef void bound(self, bint on) except *:
        """Bound Lua's memory, or not: lupa cannot bear it to run out while it hands over a value, so it
        is off from each call of a function in C to the next time that the script looks around."""
        limit = self.c.self.limit
        self.runtime.set_max_memory(limit if on and limit < <size_t> 1 << 62 else 0)

    cdef void measure(self) except *:
        self.c.self.used = self.runtime.get_memory_used()

    cdef void hand(self, Py_ssize_t n) except *:
        """So many values are handed to Lua, which may wrap them: see the prelude."""
        self.handed += n
        if self.handed > HANDED_MOST:
            self.handed = 0
            self.do[b"gc"](b"collect")

    cdef object at(self, int i):
        cdef Py_ssize_t at
        if i > 0:
            at = self.base + i - 1
            return self.stack[at] if at < len(self.stack) else None
        if i > LUA_REGISTRYINDEX:
            return self.stack[len(self.stack) + i]
        if i == LUA_GLOBALSINDEX:
            return self.globals
        return self.upvalues[LUA_GLOBALSINDEX - i - 1]

    cdef object given(self, object x):
        """A value of the stack, as it is handed to Lua."""
        if isinstance(x, Function):
            if (<Function> x).wrapped is None:
                (<Function> x).wrapped = self.do[b"wrap"](x)
            return (<Function> x).wrapped
        if isinstance(x, Light) and (<Light> x).p != NULL:
            return b"\0light %d" % <uintptr_t> (<Light> x).p
        return x

    cdef Raised raised(self):
        cdef Raised error = Raised()
        error.value = self.stack[len(self.stack) - 1]
        error.handled = self.handled
        self.handled = False
        return error

    cdef int fail(self, object value, bint handled=False) except 0:
        self.stack.append(value)
        self.handled = handled
        return -1

    cdef int fail_by(self, object error) except 0:
        """What lupa raised, as the error on top of the stack."""
        if isinstance(error, Raised):
            return self.fail((<Raised> error).value, (<Raised> error).handled)
        if isinstance(error, MemoryError):
            return self.fail(FULL)
        text = error.args[0] if error.args else b""
        text = text if isinstance(text, bytes) else str(text).encode()
        return self.fail(text.split(b"\nstack traceback:")[0])

    cdef int set(self, object table, object key, object value) except 0:
        try:
            if isinstance(value, Function):
                self.do[b"put"](table, self.given(key), value)
            else:
                self.do[b"rawset"](table, self.given(key), self.given(value))
        except Exception as error:
            return self.fail_by(error)
        return 1

    cdef int call(self, int nargs, int nresults, object handler) except 0:
        """Of the function and its arguments on the stack make the results, or the error."""
        cdef Py_ssize_t begin = len(self.stack) - nargs - 1
        f = self.stack[begin]
        args = [self.given(x) for x in self.stack[begin + 1:]]
        del self.stack[begin:]
        self.hand(nargs + 2)
        outer = self.handler
        self.handler = handler
        how = self.do[b"call_c" if isinstance(f, Function) else b"call"]
        cdef Handler h = Handler()
        h.f = handler
        self.bound(True)
        try:
            result = how(h, f, *args)
        except Exception as error:
            return self.fail_by(error)
        finally:
            self.handler = outer
            self.bound(False)
            self.measure()
        results = list(result) if isinstance(result, tuple) else [result]
        if results[0] is not True:
            error = self.placed(results[1]) if len(results) > 1 else None
            handled = handler is not None and type(error) is not bytes
            return self.fail(taken(error), handled)
        del results[0]
        if nresults != LUA_MULTRET:
            del results[nresults:]
            results += [None] * (nresults - len(results))
        for x in results:
            self.stack.append(taken(x))
        return 1

    cdef object placed(self, object error):
        """An error of a function that the prelude called for C code: in the name and place of that."""
        if not isinstance(error, bytes) or not error.startswith(self.name[1:]):
            return error
        text = error.split(b": ", 1)[1]
        name = self.do[b"info"](1, b"n")[b"name"]
        if name is not None:
            text = text.replace(b" to 'f' (", b" to '%s' (" % name)
        return self.where(1) + text

    cdef object where(self, int level):
        """The place in front of an error's text: of who called the function that runs."""
        info = self.do[b"info"](level + 1, b"Sl")
        if info is None or info[b"currentline"] <= 0 or info[b"source"] == self.name:
            return b""
        return b"%s:%d: " % (info[b"short_src"], info[b"currentline"])


cdef Helper helper(State state, object f):
    cdef Helper made = Helper()
    made.state = state
    made.f = f
    return made


def no_attributes(*args):
    raise AttributeError("a script cannot look into this")


include "_lua_objects_api.pxi"


def fill(uintptr_t address):
    """Have the interface at this address be this one."""
    global lupa
    import lupa.lua51 as module
    lupa = module
    cdef ek_lua_api *to = <ek_lua_api *> address
    may.gettable, may.getfield, may.settable, may.setfield = gettable, getfield, settable, setfield
    may.rawset, may.rawseti, may.call, may.next, may.concat = rawset, rawseti, call, next_of, concat
    may.newuserdata, may.checktype, may.checknumber = newuserdata, checktype, checknumber
    may.checklstring, may.argerror, may.error = checklstring, push_argument_error, push_error
    may.pushstring, may.tolstring = pushstring, tolstring
    fill_jumping(to)
    to.newstate, to.close, to.gettop, to.settop = newstate, close, gettop, settop
    to.pushvalue, to.remove, to.insert, to.replace = pushvalue, remove, insert, replace
    to.checkstack, to.type, to.typename, to.isnumber = checkstack, type_at, typename, isnumber
    to.rawequal, to.tonumber, to.tointeger, to.toboolean = rawequal, tonumber, tointeger, toboolean
    to.tolstring, to.objlen, to.touserdata, to.tocfunction = tolstring, objlen, touserdata, tocfunction
    to.pushnil, to.pushnumber, to.pushlstring = pushnil, pushnumber, pushlstring
    to.pushstring, to.pushcclosure, to.pushboolean = pushstring, pushcclosure, pushboolean
    to.pushlightuserdata, to.rawget, to.rawgeti = pushlightuserdata, rawget, rawgeti
    to.createtable, to.getmetatable, to.setmetatable = createtable, getmetatable, setmetatable
    to.pcall, to.cpcall, to.gc, to.getstack, to.getinfo = pcall, cpcall, gc, getstack, getinfo
    to.sethook, to.setfenv, to.L_loadbuffer = sethook, setfenv, loadbuffer
    to.L_ref, to.L_unref = ref, unref
