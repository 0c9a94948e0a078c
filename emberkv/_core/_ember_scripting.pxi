# Scripts, as far as they concern Python: where Lua is, and who has the interpreter while one runs.
#
# A script runs with the interpreter's lock held, as every command does, until it has taken some time;
# then that is let go of, in the middle of the command, and is taken again by whoever entered the
# store as soon as he has left it. So nobody waits for the interpreter with the store's lock.

cdef extern from "scripting/state.h" nogil:
    ctypedef bint cbool "bool"
    ctypedef struct ek_lua_api:
        pass
    ek_lua_api lua
    ctypedef struct ek_lua_hooks:
        cbool (*locate)(char *path, size_t n, char *err, size_t errlen) noexcept nogil
        cbool (*replace)(char *err, size_t errlen) noexcept nogil
        cbool (*leave)() noexcept nogil
        cbool (*interrupted)() noexcept nogil
    ek_lua_hooks ek_lua_above

cdef object _interruption = None  # what a signal's handler raised while a script ran


cdef cbool find_lua(char *path, size_t n, char *err, size_t errlen) noexcept with gil:
    """The path of lupa's extension module for Lua 5.1."""
    cdef bytes text
    try:
        from importlib.util import find_spec
        from os import environ
        spec = find_spec("lupa.lua51")
        text = b"" if spec is None or spec.origin is None else spec.origin.encode()
        if environ.get("EMBERKV_LUA") == "objects":
            text = b"/not asked"  # no module: see _lua_objects.pyx
        if 0 < len(text) and <size_t> len(text) < n:
            memcpy(path, <const char *> text, len(text) + 1)
            return True
        text = b"it is not installed"
    except BaseException as error:
        text = str(error).encode("utf-8", "replace")
    text = text[:errlen - 1]
    memcpy(err, <const char *> text, len(text) + 1)
    return False


cdef bint by_objects = False  # lupa's module has no symbols: Lua is reached by its Python objects


cdef cbool replace_lua(char *err, size_t errlen) noexcept with gil:
    global by_objects
    cdef bytes text
    try:
        from emberkv._core import _lua_objects
        _lua_objects.fill(<size_t> &lua)
        by_objects = True
        return True
    except BaseException as error:
        text = str(error).encode("utf-8", "replace")[:errlen - 1]
    memcpy(err, <const char *> text, len(text) + 1)
    return False


cdef cbool leave_interpreter() noexcept nogil:
    if by_objects:  # lupa lets go of it while Lua runs
        return True
    return ek_interpreter_leave()


cdef cbool script_interrupted() noexcept with gil:
    """Whether a signal, such as Ctrl-C's, wants out of the command."""
    global _interruption
    try:
        PyErr_CheckSignals()
    except BaseException as error:
        _interruption = error
        return True
    return False


cdef int retaken(Store store) except -1:
    """The interpreter was let go of, and is ours again: what has happened meanwhile?"""
    global _interruption
    if store.closing:
        store._close()
    if _interruption is not None:
        from threading import current_thread, main_thread
        if current_thread() is main_thread():
            error = _interruption
            _interruption = None
            raise error
    return 0


ek_lua_above.locate = find_lua
ek_lua_above.replace = replace_lua
ek_lua_above.leave = leave_interpreter
ek_lua_above.interrupted = script_interrupted
