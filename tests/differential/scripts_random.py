"""Scripts that random sequences call, for keys KEYS[1] and KEYS[2] of any type and two arguments.

What they return has one order only: sets and hashes are looked at by number, or sorted.
"""

from __future__ import annotations

SCRIPTS = [
    line.encode()
    for line in r"""
return redis.call('GET', KEYS[1])
return redis.call('SET', KEYS[1], ARGV[1])
return redis.pcall('INCRBY', KEYS[1], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', KEYS[1])
local v = redis.call('GET', KEYS[1]) if v then redis.call('SET', KEYS[2], v) end return v
local t = redis.call('TYPE', KEYS[1]).ok redis.call('RPUSH', KEYS[2], t) return t
local n = redis.pcall('LLEN', KEYS[1]) if type(n) == 'number' then return n else return n.err end
local r = redis.pcall('HSET', KEYS[1], ARGV[1], ARGV[2]) return {type(r), r}
for i = 1, 40 do redis.call('RPUSH', KEYS[1], i, ARGV[1]) end return redis.call('LLEN', KEYS[1])
for i = 1, 200 do redis.call('SADD', KEYS[1], i) end return redis.call('SCARD', KEYS[1])
for i = 1, 200 do redis.call('HSET', KEYS[1], 'f'..i, i) end return redis.call('HLEN', KEYS[1])
for i = 1, 150 do redis.call('ZADD', KEYS[1], i % 7, 'f'..i) end return redis.call('ZRANGE', KEYS[1], 0, 9)
local t = redis.call('SMEMBERS', KEYS[1]) table.sort(t) return t
local t = redis.call('HGETALL', KEYS[1]) return #t
local t = redis.call('HKEYS', KEYS[1]) table.sort(t) redis.call('DEL', KEYS[2]) return redis.call('RPUSH', KEYS[2], 0, unpack(t))
return redis.call('LRANGE', KEYS[1], 0, -1)
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
return redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.setresp(3) return redis.call('ZRANGE', KEYS[1], 0, 3, 'WITHSCORES')
redis.setresp(3) return redis.call('ZSCORE', KEYS[1], 'f1')
redis.setresp(3) return {redis.call('GET', KEYS[1]) == nil, redis.call('HLEN', KEYS[2])}
return {redis.call('DEL', KEYS[1], KEYS[2]), redis.call('EXISTS', KEYS[1])}
return redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('EXPIRE', KEYS[1], 3000) return redis.call('PERSIST', KEYS[1])
redis.call('SELECT', 1) redis.call('SET', KEYS[1], ARGV[1]) return redis.call('DBSIZE') > 0
local v = cjson.encode({ARGV[1], 1, {a = false}}) redis.call('SET', KEYS[1], v) return v
local v = cmsgpack.pack(ARGV, KEYS) redis.call('SET', KEYS[1], v) return v
local v = redis.call('GET', KEYS[1]) or '' return {#v, v:sub(1, 3), v:byte(-1) or -1}
redis.call('SET', KEYS[1], ARGV[1]) redis.call('LPUSH', KEYS[1], 1) return 'not reached'
redis.call('SET', KEYS[1], ARGV[1]) error('that is enough')
redis.call('SET', KEYS[1], ARGV[1]) return redis.error_reply('NO more of it')
return tonumber(ARGV[2]) or ARGV[2]
return {tostring(tonumber(ARGV[1])), ARGV[1] == ARGV[2], #ARGV, #KEYS}
return {1, 2.7, 'x', false, true, {ok = 'fine'}, {err = 'bad'}, {}, nil, 5}
local x = struct.pack('>I2<i3zs', 7, -2, ARGV[1], ARGV[2]) return x
return {struct.unpack('<I2b', redis.call('GET', KEYS[1]) or 'abc')}
return bit.tohex(bit.bxor(#ARGV[1], 0x55aa))
#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])
#!lua flags=no-writes\nredis.call('GET', KEYS[1]) return redis.call('SET', KEYS[1], 1)
return redis.call('XADD', KEYS[1], 'MAXLEN', 5, '1-*', 'f', ARGV[1]) ~= nil
return redis.pcall('NOSUCH', ARGV[1])
return redis.pcall('GET')
return nowhere
""".splitlines()
    if line
]
SCRIPTS = [script.replace(b"\\n", b"\n") for script in SCRIPTS]

# What another command does, in a script: the reply without what has no order.
WRAPPED = b"""
local r = redis.pcall(unpack(ARGV))
if type(r) == 'table' then return r.err or r.ok or #r end
return type(r)
"""
# These act on the connection, are drawn by lots, or are not allowed in scripts.
NOT_WRAPPED = {
    *(b"multi", b"exec", b"discard", b"watch", b"unwatch", b"select", b"eval", b"function"),
    *(b"fcall", b"randomkey", b"hgetall"),
}

LIBRARY = b"""#!lua name=random
local function both(keys, args) return {redis.call('SET', keys[1], args[1]), redis.call('GET', keys[1])} end
redis.register_function('both', both)
redis.register_function{function_name='look', callback=function(keys) return redis.call('TYPE', keys[1]) end,
    flags={'no-writes'}}
redis.register_function{function_name='stumble', callback=function(keys, args)
    redis.call('SET', keys[1], args[1]) return redis.call('LPUSH', keys[1], 1) end}
redis.register_function{function_name='sneak', callback=function(keys) redis.call('DEL', keys[1]) end,
    flags={'no-writes'}}
"""
