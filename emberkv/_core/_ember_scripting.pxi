# Where Lua is: found when the first script is run, by whatever thread runs it.

cdef extern from "scripting/state.h" nogil:
    ctypedef bint cbool "bool"
    cbool (*ek_lua_locate)(char *path, size_t n, char *err, size_t errlen) noexcept nogil


cdef cbool find_lua(char *path, size_t n, char *err, size_t errlen) noexcept with gil:
    """The path of lupa's extension module for Lua 5.1."""
    cdef bytes text
    try:
        from importlib.util import find_spec
        spec = find_spec("lupa.lua51")
        text = b"" if spec is None or spec.origin is None else spec.origin.encode()
        if 0 < len(text) and <size_t> len(text) < n:
            memcpy(path, <const char *> text, len(text) + 1)
            return True
        text = b"it is not installed"
    except BaseException as error:
        text = str(error).encode("utf-8", "replace")
    text = text[:errlen - 1]
    memcpy(err, <const char *> text, len(text) + 1)
    return False


ek_lua_locate = find_lua
