# The functions of the interface `ek_lua_api`; part of _lua_objects.pyx. Those that may fail leave the error on
# top of the stack and return less than zero.

cdef lua_State *newstate(lua_Alloc *alloc, void *ud) noexcept with gil:
    cdef State s = State()
    try:
        s.begin(<ek_lua *> ud)
    except Exception:
        return NULL
    Py_INCREF(s)
    s.c.state = <void *> s
    return &s.c


cdef void close(lua_State *L) noexcept with gil:
    cdef State s = <State> L.state
    s.stack = s.upvalues = s.lent = None
    s.registry = s.lights = None
    s.globals = s.handler = s.do = s.runtime = None
    Py_DECREF(s)


cdef int gettop(lua_State *L) noexcept with gil:
    cdef State s = <State> L.state
    return <int> (len(s.stack) - s.base)


cdef void settop(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    cdef Py_ssize_t n = s.base + i if i >= 0 else len(s.stack) + i + 1
    if n <= len(s.stack):
        del s.stack[n:]
    else:
        s.stack += [None] * (n - len(s.stack))


cdef void pushvalue(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    s.stack.append(s.at(i))


cdef Py_ssize_t place(State s, int i):
    return s.base + i - 1 if i > 0 else len(s.stack) + i


cdef void remove(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    del s.stack[place(s, i)]


cdef void insert(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    cdef Py_ssize_t at = place(s, i)
    s.stack.insert(at, s.stack.pop())


cdef void replace(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    cdef Py_ssize_t at = place(s, i)
    value = s.stack.pop()
    if i == LUA_GLOBALSINDEX:
        s.globals = value
    elif i < LUA_GLOBALSINDEX:
        s.upvalues[LUA_GLOBALSINDEX - i - 1] = value
    else:
        s.stack[at] = value


cdef int checkstack(lua_State *L, int n) noexcept with gil:
    cdef State s = <State> L.state
    return len(s.stack) - s.base + n <= STACK_MAX


cdef int type_of(object x):
    if isinstance(x, bytes):
        return LUA_TSTRING
    if isinstance(x, bool):
        return LUA_TBOOLEAN
    if isinstance(x, float):
        return LUA_TNUMBER
    if isinstance(x, Function):
        return LUA_TFUNCTION
    if isinstance(x, Light):
        return LUA_TLIGHTUSERDATA
    if x is None:
        return LUA_TNIL
    name = lupa.lua_type(x)
    return 8 if name == "thread" else 7 if name not in TYPES else TYPES[name]


cdef int type_at(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    if i > 0 and s.base + i > len(s.stack):
        return -1
    return type_of(s.at(i))


cdef const char *typename(lua_State *L, int t) noexcept with gil:
    name = NAMES[t]  # the last of which is of what is not there
    return PyBytes_AS_STRING(name)


cdef object number(State s, object x):
    if isinstance(x, bytes):
        x = s.do[b"tonumber"](x)
        return None if x is None else float(x)
    return x if isinstance(x, float) else None


cdef int isnumber(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    return number(s, s.at(i)) is not None


cdef int rawequal(lua_State *L, int i, int j) noexcept with gil:
    cdef State s = <State> L.state
    return bool(s.do[b"rawequal"](s.given(s.at(i)), s.given(s.at(j))))


cdef double tonumber(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    x = number(s, s.at(i))
    return 0 if x is None else x


cdef ptrdiff_t tointeger(lua_State *L, int i) noexcept nogil:
    return whole(tonumber(L, i))


cdef int toboolean(lua_State *L, int i) noexcept with gil:
    x = (<State> L.state).at(i)
    return x is not None and x is not False


cdef const char *tolstring(lua_State *L, int i, size_t *n) noexcept with gil:
    cdef State s = <State> L.state
    x = s.at(i)
    if isinstance(x, float):
        x = b"nan" if x != x else b"%.14g" % x
        if i > LUA_REGISTRYINDEX:
            s.stack[place(s, i)] = x
    if not isinstance(x, bytes):
        if n != NULL:
            n[0] = 0
        return NULL
    if n != NULL:
        n[0] = PyBytes_GET_SIZE(x)
    s.lent.append(x)
    return PyBytes_AS_STRING(x)


cdef size_t objlen(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    x = s.at(i)
    if isinstance(x, bytes):
        return len(x)
    return s.do[b"size"](x) if type_of(x) == LUA_TTABLE else 0


cdef void *touserdata(lua_State *L, int i) noexcept with gil:
    x = (<State> L.state).at(i)
    if isinstance(x, Light):
        return (<Light> x).p
    return (<Memory> x).p if isinstance(x, Memory) else NULL


cdef int call_original(lua_State *L) noexcept nogil:
    """In the place of a function of Lua's own, the first upvalue, which has no pointer here."""
    pushvalue(L, LUA_GLOBALSINDEX - 1)
    insert(L, 1)
    if may.call(L, gettop(L) - 1, LUA_MULTRET) < 0:
        return leave(L)
    return gettop(L)


cdef lua_CFunction *tocfunction(lua_State *L, int i) noexcept nogil:
    return call_original


cdef void pushnil(lua_State *L) noexcept with gil:
    (<State> L.state).stack.append(None)


cdef void pushnumber(lua_State *L, double v) noexcept with gil:
    (<State> L.state).stack.append(v)


cdef void pushlstring(lua_State *L, const char *p, size_t n) noexcept with gil:
    (<State> L.state).stack.append(PyBytes_FromStringAndSize(p, n))


cdef void pushstring(lua_State *L, const char *p) noexcept with gil:
    (<State> L.state).stack.append(None if p == NULL else PyBytes_FromStringAndSize(p, strlen(p)))


cdef void pushcclosure(lua_State *L, lua_CFunction *f, int n) noexcept with gil:
    cdef State s = <State> L.state
    cdef Function made = Function()
    made.state = s
    made.f = f
    made.upvalues = s.stack[len(s.stack) - n:] if n else []
    if n:
        del s.stack[len(s.stack) - n:]
    s.stack.append(made)


cdef void pushboolean(lua_State *L, int is_) noexcept with gil:
    (<State> L.state).stack.append(is_ != 0)


cdef void pushlightuserdata(lua_State *L, void *p) noexcept with gil:
    cdef State s = <State> L.state
    cdef Light light = s.lights.get(<uintptr_t> p)
    if light is None:
        light = Light()
        light.p = p
        if p == NULL:  # Lua sees it, and it is one
            s.lights[<uintptr_t> p] = light
    s.stack.append(light)


cdef void rawget(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    table = s.at(i)
    s.stack.append(taken(s.do[b"rawget"](table, s.given(s.stack.pop()))))


cdef void rawgeti(lua_State *L, int i, int n) noexcept with gil:
    cdef State s = <State> L.state
    if i == LUA_REGISTRYINDEX:
        s.stack.append(s.registry.get(n))
    else:
        s.stack.append(taken(s.do[b"rawget"](s.at(i), n)))


cdef int rawset(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    table = s.at(i)
    value, key = s.stack.pop(), s.stack.pop()
    return s.set(table, key, value)


cdef int rawseti(lua_State *L, int i, int n) noexcept with gil:
    cdef State s = <State> L.state
    table = None if i == LUA_REGISTRYINDEX else s.at(i)
    value = s.stack.pop()
    if i == LUA_REGISTRYINDEX:
        s.registry[n] = value
        return 1
    return s.set(table, float(n), value)


cdef void createtable(lua_State *L, int n, int m) noexcept with gil:
    cdef State s = <State> L.state
    s.stack.append(s.do[b"table"]())


cdef int newuserdata(lua_State *L, size_t n, void **p) noexcept with gil:
    cdef State s = <State> L.state
    cdef Memory made = Memory()
    made.p = PyMem_Malloc(n if n else 1) if n <= s.c.self.limit else NULL
    if made.p == NULL:
        return s.fail(FULL)
    made.n = n
    p[0] = made.p
    s.stack.append(made)
    return 1


cdef int getmetatable(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    x = s.at(i)
    if isinstance(x, (Function, Light, Memory)):
        return 0
    table = s.do[b"getmetatable"](x)
    if table is None:
        return 0
    s.stack.append(table)
    return 1


cdef int setmetatable(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    of = s.at(i)
    s.do[b"setmetatable"](of, s.stack.pop())
    return 1


cdef int get(State s, object table, object key) except 0:
    try:
        result = s.do[b"index"](s.given(table), s.given(key))
    except Exception as error:
        return s.fail_by(error)
    ok, value = result if isinstance(result, tuple) else (result, None)
    if not ok:
        return s.fail(taken(value))
    s.stack.append(taken(value))
    return 1


cdef int put(State s, object table, object key, object value) except 0:
    if s.do[b"getmetatable"](table) is None:
        return s.set(table, key, value)
    try:
        result = s.do[b"newindex"](table, s.given(key), s.given(value))
    except Exception as error:
        return s.fail_by(error)
    return 1 if result is True else s.fail(taken(result[1]))


cdef int gettable(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    table = s.at(i)
    return get(s, table, s.stack.pop())


cdef int getfield(lua_State *L, int i, const char *name) noexcept with gil:
    cdef State s = <State> L.state
    return get(s, s.at(i), <bytes> name)


cdef int settable(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    table = s.at(i)
    value, key = s.stack.pop(), s.stack.pop()
    return put(s, table, key, value)


cdef int setfield(lua_State *L, int i, const char *name) noexcept with gil:
    cdef State s = <State> L.state
    table = s.at(i)
    return put(s, table, <bytes> name, s.stack.pop())


cdef int call(lua_State *L, int nargs, int nresults) noexcept with gil:
    cdef State s = <State> L.state
    f = s.stack[len(s.stack) - nargs - 1]
    # A script's own pcall comes as the original that a guard of it calls: nothing handles but it.
    handler = None if s.upvalues and f is s.upvalues[0] else s.handler
    return s.call(nargs, nresults, handler)


cdef int pcall(lua_State *L, int nargs, int nresults, int handler) noexcept with gil:
    cdef State s = <State> L.state
    if s.base == 0:
        del s.lent[:]
    ok = s.call(nargs, nresults, s.at(handler) if handler else None)
    s.handled = False
    if ok > 0:
        return 0
    return NO_MEMORY if s.at(-1) == FULL else ERROR


cdef int cpcall(lua_State *L, lua_CFunction *f, void *ud) noexcept with gil:
    cdef State s = <State> L.state
    cdef Py_ssize_t base = s.base, begin = len(s.stack)
    cdef list upvalues = s.upvalues
    cdef int n
    if s.base == 0:
        del s.lent[:]
    s.base = begin
    s.upvalues = []
    pushlightuserdata(L, ud)
    n = enter(L, f)
    error = s.stack[len(s.stack) - 1] if n < 0 else None
    del s.stack[begin:]
    s.base = base
    s.upvalues = upvalues
    s.handled = False
    if n < 0:
        s.stack.append(error)
    return 0 if n >= 0 else NO_MEMORY if error == FULL else ERROR


cdef int next_of(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    table = s.at(i)
    try:
        found = s.do[b"next"](table, s.given(s.stack.pop()))
    except Exception as error:
        return s.fail_by(error)
    if found is None:
        return 0
    s.stack.append(taken(found[0]))
    s.stack.append(taken(found[1]))
    return 1


cdef int concat(lua_State *L, int n) noexcept with gil:
    cdef State s = <State> L.state
    cdef Py_ssize_t begin = len(s.stack) - n
    for i in range(-n, 0):
        if tolstring(L, i, NULL) == NULL:
            return s.fail(b"attempt to concatenate what is no string")
    parts = s.stack[begin:]
    if sum(map(len, parts)) > s.c.self.limit:
        return s.fail(FULL)
    del s.stack[begin:]
    s.stack.append(b"".join(parts))
    return 1


cdef int gc(lua_State *L, int what, int data) noexcept with gil:
    cdef State s = <State> L.state
    if what == LUA_GCCOLLECT:
        s.do[b"gc"](b"collect")
        s.measure()
    else:
        s.do[b"gc"](b"setpause", data)
    return 0


cdef int getstack(lua_State *L, int level, lua_Debug *d) noexcept with gil:
    d.i_ci = level
    return (<State> L.state).do[b"info"](level + 1, b"l") is not None


cdef int getinfo(lua_State *L, const char *what, lua_Debug *d) noexcept with gil:
    cdef State s = <State> L.state
    info = s.do[b"info"](d.i_ci + 1, b"Sl")
    source = info[b"source"]
    s.lent.append(source)
    d.source = PyBytes_AS_STRING(source)
    d.currentline = -1 if source == s.name else info[b"currentline"]
    return 1


cdef int sethook(lua_State *L, lua_Hook *f, int mask, int count) noexcept with gil:
    cdef State s = <State> L.state
    cdef Hook hook = None
    if f != NULL and mask:
        hook = Hook()
        hook.state = s
        hook.f = f
    s.do[b"hook"](hook, count)
    return 1


cdef int setfenv(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    f = s.at(i)
    s.do[b"setfenv"](f, s.stack.pop())
    return 1


cdef int loadbuffer(lua_State *L, const char *p, size_t n, const char *name) noexcept with gil:
    cdef State s = <State> L.state
    try:
        ok, made = s.do[b"load"](PyBytes_FromStringAndSize(p, n), <bytes> name, s.globals)
    except Exception as error:
        s.fail_by(error)
        return ERROR
    s.stack.append(made)
    return 0 if ok else 3


cdef int ref(lua_State *L, int i) noexcept with gil:
    cdef State s = <State> L.state
    s.references += 1
    s.registry[s.references] = s.stack.pop()
    return s.references


cdef void unref(lua_State *L, int i, int reference) noexcept with gil:
    (<State> L.state).registry.pop(reference, None)


# --- errors ---

cdef void push_error(lua_State *L, const char *text) noexcept with gil:
    cdef State s = <State> L.state
    s.fail(s.where(1) + <bytes> text)


cdef void push_argument_error(lua_State *L, int i, const char *why) noexcept with gil:
    cdef State s = <State> L.state
    info = s.do[b"info"](1, b"n")
    name = info[b"name"] or b"?"
    if info[b"namewhat"] == b"method":
        i -= 1
        if i == 0:
            s.fail(s.where(1) + b"calling '%s' on bad self (%s)" % (name, <bytes> why))
            return
    s.fail(s.where(1) + b"bad argument #%d to '%s' (%s)" % (i, name, <bytes> why))


cdef int wrong_type(lua_State *L, int i, object wanted):
    text = b"%s expected, got %s" % (wanted, NAMES[type_at(L, i)])
    push_argument_error(L, i, text)
    return -1


cdef int checktype(lua_State *L, int i, int type_) noexcept with gil:
    return 1 if type_at(L, i) == type_ else wrong_type(L, i, NAMES[type_])


cdef int checknumber(lua_State *L, int i, double *v) noexcept with gil:
    cdef State s = <State> L.state
    x = number(s, s.at(i))
    if x is None:
        return wrong_type(L, i, b"number")
    v[0] = x
    return 1


cdef int checklstring(lua_State *L, int i, size_t *n, const char **p) noexcept with gil:
    p[0] = tolstring(L, i, n)
    return 1 if p[0] != NULL else wrong_type(L, i, b"string")
