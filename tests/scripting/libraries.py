"""The code of libraries, right and wrong, that a real server and emberkv load or refuse alike."""

CALLBACK = "callback=function() end"


def named(*arguments: str) -> str:
    return f"#!lua name=x\nredis.register_function{{{', '.join(arguments)}}}"


def loading(code: str) -> str:
    return f"#!lua name=x\n{code}\nredis.register_function('a', function() end)"


LIBRARIES = [
    "#!lua name=x\nredis.register_function('f', function(k, a) return {k, a} end)",
    "return 1",
    "#!lua\nreturn 1",
    "#!lua name=x",
    "#!lua name=x y=1\nreturn 1",
    "#!lua name=x name=z\nreturn 1",
    "#!lua name=x-y\nreturn 1",
    "#!lua name=\nreturn 1",
    '#!lua name=q desc="x y"\nreturn 1',
    "#!lua name=\"q\"\nredis.register_function('q', function() end)",
    "#!lua name='q' \nredis.register_function('q', function() end)",
    "#!lua NAME=q\nredis.register_function('q', function() end)",
    "#!lua   name=q\r\nredis.register_function('q', function() end)",
    "#!lua name=q\"\nredis.register_function('q', function() end)",
    "#!LUA name=x\nredis.register_function('q', function() end)",
    "#!foo name=x\nreturn 1",
    "#! name=q\nreturn 1",
    "#!\nreturn 1",
    "",
    "#!lua name=x\nreturn 1",
    "#!lua name=x\nif",
    "#!lua name=x\nx = 1",
    "#!lua name=x\nreturn foo",
    "#!lua name=x\nlocal t = {} t.x.y = 1",
    "#!lua name=x\nlocal f f = function() return f() + 1 end f()",
    "#!lua name=x\nwhile true do end",
    "#!lua name=x\nredis.x = 1",
    "#!lua name=x\nredis.log(redis.LOG_WARNING, 'said')",
    "#!lua name=x\nredis.log('x', 'said')",
    "#!lua name=x\nredis.log()",
    *(
        loading(f"local x = {name}")
        for name in "assert error pairs pcall math string cjson struct _G KEYS print redis".split()
    ),
    *(
        loading(f"local x = redis.{name}")
        for name in "call pcall sha1hex setresp error_reply log LOG_DEBUG REDIS_VERSION "
        "REDIS_VERSION_NUM REPL_ALL register_function breakpoint".split()
    ),
    *(
        f"#!lua name=x\nredis.register_function({arguments})"
        for arguments in (
            "",
            "1",
            "1, 2",
            "'a', 2",
            "'a', function() end, 3",
            "'a-b', function() end",
            "'', function() end",
            "1.5, function() end",
            "12, function() end",
            "nil, function() end",
            "{}, function() end",
            "{}",
        )
    ),
    "#!lua name=x\nredis.register_function('a', function() end) "
    "redis.register_function('a', function() end)",
    named("function_name='a'"),
    named(CALLBACK),
    named("function_name=1", CALLBACK),
    named("function_name={}", CALLBACK),
    named("FUNCTION_NAME='a'", CALLBACK),
    named("function_name='a'", "callback=1"),
    named("function_name='a'", CALLBACK, "description='what it does'"),
    named("function_name='a'", CALLBACK, "description=''"),
    named("function_name='a'", CALLBACK, "description=5"),
    named("function_name='a'", CALLBACK, "description={}"),
    named("function_name='a'", CALLBACK, "flags=5"),
    named("function_name='a'", CALLBACK, "flags={}"),
    named("function_name='a'", CALLBACK, "flags={'foo'}"),
    named("function_name='a'", CALLBACK, "flags={1}"),
    named("function_name='a'", CALLBACK, "flags={a='no-writes'}"),
    named("function_name='a'", CALLBACK, "flags={'no-writes', 'no-writes'}"),
    named(
        "function_name='a'",
        CALLBACK,
        "flags={'allow-oom', 'no-cluster', 'allow-cross-slot-keys', 'allow-stale', 'no-writes'}",
    ),
    named("function_name='a'", CALLBACK, "bar=1"),
    named("function_name='a'", CALLBACK, "[1]=1"),
    named("function_name='a'", CALLBACK, "[true]=1"),
]

CALLED = """#!lua name=called
local n = 0
redis.register_function('count', function() n = n + 1 return n end)
redis.register_function('args', function(keys, args) keys.x = 1 return {keys, args} end)
redis.register_function('register', function() redis.register_function('z', function() end) end)
redis.register_function('fails', function() error('q') end)
redis.register_function('fails_with_table', function() error({err='MY error'}) end)
redis.register_function('writes_global', function() x = 1 end)
redis.register_function('reads_keys', function() return KEYS end)
redis.register_function('calls_wrongly', function() return redis.call('lpush', 'a') end)
redis.register_function('calls_function', function() return redis.call('fcall', 'count', 0) end)
redis.register_function('set', function(keys, args) return redis.call('set', keys[1], args[1]) end)
redis.register_function('set_and_fail', function(k, a) redis.call('set', k[1], a[1]) error('no') end)
redis.register_function('resp3', function() redis.setresp(3) return redis.call('hgetall', 'h') end)
redis.register_function{function_name='ro', callback=function(k) return redis.call('get', k[1]) end,
    flags={'no-writes'}}
redis.register_function{function_name='sneaks', callback=function(k) return redis.call('del', k[1]) end,
    flags={'no-writes'}}
redis.register_function('members', function()
    local t = {} for k in pairs(redis) do t[#t + 1] = k end table.sort(t) return t end)
redis.register_function('globals', function()
    local t = {} for k in pairs(_G) do t[#t + 1] = k end table.sort(t) return t end)
"""

CALLS = [
    ("FCALL", "count", 0),
    ("FCALL", "COUNT", 0),
    ("FCALL", "args", 1, "k", "a", "b"),
    ("FCALL", "args", 0),
    ("FCALL", "register", 0),
    ("FCALL", "fails", 0),
    ("FCALL", "fails_with_table", 0),
    ("FCALL", "writes_global", 0),
    ("FCALL", "reads_keys", 0),
    ("FCALL", "calls_wrongly", 0),
    ("FCALL", "calls_function", 0),
    ("FCALL", "set", 1, "k", "v"),
    ("GET", "k"),
    ("FCALL", "set_and_fail", 1, "k", "w"),
    ("GET", "k"),
    ("HSET", "h", "f", "v"),
    ("FCALL", "resp3", 0),
    ("FCALL", "ro", 1, "k"),
    ("FCALL_RO", "ro", 1, "k"),
    ("FCALL_RO", "set", 1, "k", "x"),
    ("FCALL_RO", "sneaks", 1, "k"),
    ("FCALL", "sneaks", 1, "k"),
    ("FCALL", "members", 0),
    ("FCALL", "globals", 0),
    ("FCALL", "none", 0),
    ("FCALL", "none", "x"),
    ("FCALL", "count", "x"),
    ("FCALL", "count", -1),
    ("FCALL", "count", 5),
    ("FCALL", "count"),
    ("FCALL",),
    ("FCALL_RO", "none", 0),
    ("EVAL", "return redis.call('fcall', 'count', 0)", 0),
    ("MULTI",),
    ("FCALL", "count", 0),
    ("FCALL", "fails", 0),
    ("FUNCTION", "LOAD", "#!lua name=m\nredis.register_function('m', function() return 5 end)"),
    ("FCALL", "m", 0),
    ("EXEC",),
    ("FUNCTION", "LIST", "LIBRARYNAME", "M*", "WITHCODE"),
    ("FUNCTION", "LIST", "LIBRARYNAME"),
    ("FUNCTION", "LIST", "foo"),
    ("FUNCTION", "LIST", "WITHCODE", "WITHCODE"),
    ("FUNCTION", "LIST", "LIBRARYNAME", "x", "LIBRARYNAME", "y"),
    ("FUNCTION", "LIST", "LIBRARYNAME", "none"),
    ("FUNCTION", "LOAD", "#!lua name=m\nredis.register_function('n', function() end)"),
    ("FUNCTION", "LOAD", "FOO", "#!lua name=m\nreturn 1"),
    ("FUNCTION", "LOAD", "REPLACE"),
    ("FUNCTION", "LOAD"),
    ("FUNCTION", "LOAD", "REPLACE", "REPLACE", "x"),
    ("FUNCTION", "LOAD", "#!lua name=n\nredis.register_function('m', function() end)"),
    (
        "FUNCTION",
        "LOAD",
        "REPLACE",
        "#!lua name=m\nredis.register_function('count', function() end)",
    ),
    ("FCALL", "m", 0),
    ("FUNCTION", "STATS"),
    ("FUNCTION", "STATS", "x"),
    ("FUNCTION", "KILL"),
    ("FUNCTION", "DUMP", "x"),
    ("FUNCTION", "RESTORE", "abc"),
    ("FUNCTION", "RESTORE", "abc", "FOO"),
    ("FUNCTION", "RESTORE", "0123456789abcdefgh"),
    ("FUNCTION", "RESTORE", "a", "b", "c"),
    ("FUNCTION", "DELETE", "none"),
    ("FUNCTION", "DELETE", "M"),
    ("FUNCTION", "DELETE", "m"),
    ("FUNCTION", "DELETE"),
    ("FCALL", "m", 0),
    ("FUNCTION", "FLUSH", "FOO"),
    ("FUNCTION", "FLUSH", "ASYNC", "x"),
    ("FUNCTION", "FOO"),
    ("FUNCTION",),
    ("FUNCTION", "FLUSH", "ASYNC"),
    ("FUNCTION", "DUMP"),
    ("FUNCTION", "LIST"),
    ("FCALL", "count", 0),
    ("FUNCTION", "FLUSH"),
]
