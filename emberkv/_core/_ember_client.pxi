# The compiled methods: redis-py's, for the calls that are made most. Each gives what its namesake in
# emberkv/_commands gives, which serves pipelines, rare options, and whoever replaces a response
# callback.

cdef const ek_command *command(name) except NULL:
    cdef bytes full = name
    cdef const ek_command *cmd = ek_command_find_full(<const uint8_t *> <const char *> full,
                                                      len(full))
    if cmd == NULL:
        raise ImportError(f"no such command: {full.decode()}")
    return cmd


cdef const ek_command *DECRBY = command(b"decrby")
cdef const ek_command *DEL = command(b"del")
cdef const ek_command *EVAL = command(b"eval")
cdef const ek_command *EVAL_ROLLBACK = command(b"eval_rollback")
cdef const ek_command *EVALSHA = command(b"evalsha")
cdef const ek_command *EVALSHA_ROLLBACK = command(b"evalsha_rollback")
cdef const ek_command *EXISTS = command(b"exists")
cdef const ek_command *FCALL = command(b"fcall")
cdef const ek_command *FCALL_ROLLBACK = command(b"fcall_rollback")
cdef const ek_command *GEOADD = command(b"geoadd")
cdef const ek_command *GET = command(b"get")
cdef const ek_command *HDEL = command(b"hdel")
cdef const ek_command *HEXISTS = command(b"hexists")
cdef const ek_command *HGET = command(b"hget")
cdef const ek_command *HGETALL = command(b"hgetall")
cdef const ek_command *HINCRBY = command(b"hincrby")
cdef const ek_command *HLEN = command(b"hlen")
cdef const ek_command *HSET = command(b"hset")
cdef const ek_command *INCR = command(b"incr")
cdef const ek_command *INCRBY = command(b"incrby")
cdef const ek_command *LINDEX = command(b"lindex")
cdef const ek_command *LLEN = command(b"llen")
cdef const ek_command *LPOP = command(b"lpop")
cdef const ek_command *LPUSH = command(b"lpush")
cdef const ek_command *LRANGE = command(b"lrange")
cdef const ek_command *MGET = command(b"mget")
cdef const ek_command *MSET = command(b"mset")
cdef const ek_command *PFADD = command(b"pfadd")
cdef const ek_command *PUBLISH = command(b"publish")
cdef const ek_command *RPOP = command(b"rpop")
cdef const ek_command *RPUSH = command(b"rpush")
cdef const ek_command *SADD = command(b"sadd")
cdef const ek_command *SCARD = command(b"scard")
cdef const ek_command *SET = command(b"set")
cdef const ek_command *SETBIT = command(b"setbit")
cdef const ek_command *SISMEMBER = command(b"sismember")
cdef const ek_command *SMEMBERS = command(b"smembers")
cdef const ek_command *SREM = command(b"srem")
cdef const ek_command *XADD = command(b"xadd")
cdef const ek_command *ZADD = command(b"zadd")
cdef const ek_command *ZCARD = command(b"zcard")
cdef const ek_command *ZINCRBY = command(b"zincrby")
cdef const ek_command *ZRANGE = command(b"zrange")
cdef const ek_command *ZRANK = command(b"zrank")
cdef const ek_command *ZREM = command(b"zrem")
cdef const ek_command *ZREVRANK = command(b"zrevrank")
cdef const ek_command *ZSCORE = command(b"zscore")

cdef object _commands_class = None


cdef object _commands():
    """The mixins, for what is not compiled."""
    global _commands_class
    if _commands_class is None:
        from emberkv._commands import Commands
        _commands_class = Commands
    return _commands_class


cdef bint is_one(object value):
    return isinstance(value, (bytes, str, bytearray, memoryview))


cdef list _mget_unlocked(Session s, Args *a):
    """The values of the keys a[1:], all of one moment, without the lock; None: ask under it.

    The cache misses of a batch are under way at once: first the buckets, then the entries.
    """
    cdef ek_arena *arena = s.p.a
    cdef const ek_table *keys = s.p.peek
    cdef uint64_t seq
    cdef uint64_t hashes[32]
    cdef char digits[24]
    cdef ek_str value
    cdef ek_peek_result found
    cdef Py_ssize_t n = a.n - 1, start, i, m
    cdef const ek_str *key
    cdef list out = [None] * n
    if keys == NULL or not ek_read_begin(arena, &seq):
        return None
    start = 0
    while start < n:
        m = min(32, n - start)
        key = a.v + 1 + start
        for i in range(m):
            if key[i].n > EK_PEEK_KEY_MAX:
                return None
        ek_table_fetch(arena, keys, key, 1, m, hashes, NULL)
        for i in range(m):
            found = ek_peek_string(arena, keys, s.p.s, key[i], hashes[i], seq, digits, &value)
            if found == EK_PEEK_FOUND:
                out[start + i] = PyBytes_FromStringAndSize(<const char *> value.p, value.n)
            elif found == EK_PEEK_UNSURE:
                return None
        start += m
    if not ek_read_ok(arena, seq):
        return None
    for i in range(n):
        ek_count_read(s.p.s, s.p.db, a.v[1 + i], out[i] is not None)
    return out


cdef ek_session NO_SESSION  # all zero: closed


cdef class Client:
    """The base of `Ember`: one session, and the compiled methods on it."""
    cdef readonly Session _session
    cdef public object response_callbacks  # makes results of replies, by the command's name
    cdef ek_session *p  # the session's, at one step less

    def __cinit__(self):
        self.p = &NO_SESSION

    def __init__(self, Session session):
        self._session = session
        self.p = session.p

    def execute_command(self, *args, **options):
        """Run any command: ``execute_command("LPUSH", "key", 1, 2)``.

        Gives what the command's method gives: `options` are those that the method would
        pass on to turn the reply into its result.
        """
        if not args:
            raise _exceptions().DataError("a command has a name")
        name = args[0]
        if options:
            options.pop("keys", None)
            if "EMPTY_RESPONSE" in options:
                return options["EMPTY_RESPONSE"]
        if type(name) is not str or " " in <str> name:
            args = (*name.split(), *args[1:])
        if options and options.pop("NEVER_DECODE", None) is not None:
            reply = self._undecoded(args)
        else:
            reply = self._session.run_python(args)
        callback = self.response_callbacks[name]
        if callback is None:
            return reply
        return callback(reply, **options) if options else callback(reply)

    def publish(self, channel, message, **kwargs):
        """Send `message` to who listens to `channel`; how many get it. PUBLISH."""
        if kwargs:
            return _commands().publish(self, channel, message, **kwargs)
        return self._session.call2(PUBLISH, channel, message)

    # Strings and keys

    def get(self, name):
        """The string at `name`, None if missing. O(1). GET."""
        return self._session.call1(GET, name)

    def set(self, name, value, ex=None, px=None, nx=False, xx=False, keepttl=False, get=False,
            exat=None, pxat=None, ifeq=None, ifne=None, ifdeq=None, ifdne=None):
        """Set `name` to `value`, whatever it held. O(1). SET.

        True, or None where a condition was not met; with `get`, what it held before.
        Expiry: `ex` seconds or `px` milliseconds from now, `exat` seconds or `pxat`
        milliseconds since 1970, or `keepttl` for the one it has; none of them removes it.
        Conditions: `nx` if missing, `xx` if present, `ifeq`/`ifne` if the value equals or
        differs, `ifdeq`/`ifdne` the same of its digest. One of each kind, else DataError.
        """
        if (ex is None and px is None and nx is False and xx is False and keepttl is False
                and get is False and exat is None and pxat is None and ifeq is None
                and ifne is None and ifdeq is None and ifdne is None):
            self._session.call2(SET, name, value)
            return not self._session.p.in_multi
        return _commands().set(self, name, value, ex, px, nx, xx, keepttl, get, exat, pxat,
                               ifeq, ifne, ifdeq, ifdne)

    def incrby(self, name, amount=1):
        """Add `amount` to the integer at `name`, 0 if missing; the new value. INCRBY."""
        return self._session.call2(INCRBY, name, amount)

    def incr(self, name, amount=1):
        """Add `amount` to the integer at `name`, 0 if missing; the new value. INCRBY."""
        return self._session.call2(INCRBY, name, amount)

    def decrby(self, name, amount=1):
        """Take `amount` from the integer at `name`, 0 if missing; the new value. DECRBY."""
        return self._session.call2(DECRBY, name, amount)

    def decr(self, name, amount=1):
        """Take `amount` from the integer at `name`, 0 if missing; the new value. DECRBY."""
        return self._session.call2(DECRBY, name, amount)

    def exists(self, *names):
        """How many of `names` exist, counting repeated ones again. EXISTS."""
        return self._session.call_many(EXISTS, names)

    def delete(self, *names):
        """Delete keys; how many were there. DEL."""
        return self._session.call_many(DEL, names)

    def mget(self, keys, *args):
        """The strings at `keys`, one key or many, None where there is none. MGET."""
        cdef Session s = self._session
        cdef Args a
        cdef list out
        args_begin(&a, MGET)
        s.store.use()
        try:
            if is_one(keys):
                args_put(&a, keys, s)
            else:
                try:
                    held = tuple(keys)  # what a generator gives lives no longer otherwise
                except TypeError:
                    held = (keys,)
                for name in held:
                    args_put(&a, name, s)
            for name in args:
                args_put(&a, name, s)
            if a.n == 1:
                return []
            out = None if s.decode else _mget_unlocked(s, &a)
            return s.run(MGET, a.n, a.v) if out is None else out
        finally:
            args_free(&a)

    def mset(self, mapping):
        """Set every key of `mapping` to its value, at once. True. MSET."""
        # Here and below: what an argument points to must not go with another thread's change to the
        # mapping while this one waits for the lock.
        cdef Session s = self._session
        cdef Args a
        args_begin(&a, MSET)
        try:
            held = mapping.copy() if type(mapping) is dict else dict(mapping.items())
            for name, value in (<dict> held).items():
                args_put(&a, name, s)
                args_put(&a, value, s)
            s.run(MSET, a.n, a.v)
            return not s.p.in_multi
        finally:
            args_free(&a)

    # Hashes

    def hget(self, name, key):
        """The value of a field, None if missing. O(1). HGET."""
        return self._session.call2(HGET, name, key)

    def hset(self, name, key=None, value=None, mapping=None, items=None):
        """Set fields; how many are new. HSET.

        From `key` and `value`, from `mapping`, and from `items`, a sequence of fields and
        values in turn; together if wanted, DataError if none is given.
        """
        cdef Session s = self._session
        cdef Args a
        if key is not None and not mapping and not items:
            return s.call3(HSET, name, key, value)
        if key is not None or items or type(mapping) is not dict or not mapping:
            return _commands().hset(self, name, key, value, mapping, items)
        args_begin(&a, HSET)
        try:
            args_put(&a, name, s)
            held = (<dict> mapping).copy()
            for field, what in (<dict> held).items():
                args_put(&a, field, s)
                args_put(&a, what, s)
            return s.run(HSET, a.n, a.v)
        finally:
            args_free(&a)

    def hdel(self, name, *keys):
        """Delete fields; how many were there. HDEL."""
        return self._session.call1_many(HDEL, name, keys)

    def hexists(self, name, key):
        """Whether the field is there. O(1). HEXISTS."""
        return bool(self._session.call2(HEXISTS, name, key))

    def hincrby(self, name, key, amount=1):
        """Add `amount` to the integer in a field, 0 if missing; the new value. HINCRBY."""
        return self._session.call3(HINCRBY, name, key, amount)

    def hlen(self, name):
        """The number of fields. O(1). HLEN."""
        return self._session.call1(HLEN, name)

    def hgetall(self, name):
        """All fields with their values. HGETALL."""
        return self._session.call1(HGETALL, name)

    # Scripts

    def eval(self, script, numkeys, *keys_and_args, rollback=False):
        """Run a script with `numkeys` keys, and arguments behind them; what it returns. EVAL.

        Nobody sees it half done. What it changed before an error remains; with `rollback`, or when
        its first line is ``#!lua flags=rollback``, an error undoes it all. Needs the package lupa.
        """
        return self._session.call2_many(
            EVAL_ROLLBACK if rollback else EVAL, script, numkeys, keys_and_args)

    def evalsha(self, sha, numkeys, *keys_and_args, rollback=False):
        """Run the script with this SHA-1; NoScriptError if it is not known. See `eval`. EVALSHA."""
        return self._session.call2_many(
            EVALSHA_ROLLBACK if rollback else EVALSHA, sha, numkeys, keys_and_args)

    def fcall(self, function, numkeys, *keys_and_args, rollback=False):
        """Call a function with `numkeys` keys, and arguments behind them; what it returns. FCALL.

        What it changed before an error remains, unless `rollback` is asked for, or is one of the
        flags that it was registered with.
        """
        return self._session.call2_many(
            FCALL_ROLLBACK if rollback else FCALL, function, numkeys, keys_and_args)

    # Lists

    def lpush(self, name, *values):
        """Push `values` one by one to the left; the new length. LPUSH."""
        return self._session.call1_many(LPUSH, name, values)

    def rpush(self, name, *values):
        """Push `values` one by one to the right; the new length. RPUSH."""
        return self._session.call1_many(RPUSH, name, values)

    def lpop(self, name, count=None):
        """Pop from the left: an element, or with `count` a list of up to that many. LPOP.

        None if the list is missing.
        """
        if count is None:
            return self._session.call1(LPOP, name)
        return self._session.call2(LPOP, name, count)

    def rpop(self, name, count=None):
        """Pop from the right; see `lpop`. RPOP."""
        if count is None:
            return self._session.call1(RPOP, name)
        return self._session.call2(RPOP, name, count)

    def llen(self, name):
        """The length of the list, 0 if it is missing. O(1). LLEN."""
        return self._session.call1(LLEN, name)

    def lindex(self, name, index):
        """The element at `index`, None if there is none. LINDEX."""
        return self._session.call2(LINDEX, name, index)

    def lrange(self, name, start, end):
        """Elements `start` to `end`, both included. LRANGE."""
        return self._session.call3(LRANGE, name, start, end)

    # Sets

    def sadd(self, name, *values):
        """Add `values`; how many were not there yet. SADD."""
        return self._session.call1_many(SADD, name, values)

    def srem(self, name, *values):
        """Remove `values`; how many were there. SREM."""
        return self._session.call1_many(SREM, name, values)

    def sismember(self, name, value):
        """1 if `value` is a member, else 0. O(1). SISMEMBER."""
        return self._session.call2(SISMEMBER, name, value)

    def scard(self, name):
        """The number of members. O(1). SCARD."""
        return self._session.call1(SCARD, name)

    def smembers(self, name):
        """All members. SMEMBERS."""
        return set(self._session.call1(SMEMBERS, name))

    # Sorted sets

    def zadd(self, name, mapping, nx=False, xx=False, ch=False, incr=False, gt=False, lt=False):
        """Set the scores of members, {member: score}; how many are new. ZADD.

        `nx` new members only, `xx` old ones only, `gt`/`lt` only to a higher or lower score,
        `ch` counts changed ones too. `incr` adds to the score of a single member: its new
        score, None if a condition was not met. DataError for a contradiction.
        """
        cdef Session s = self._session
        cdef Args a
        if nx or xx or ch or incr or gt or lt or type(mapping) is not dict or not mapping:
            return _commands().zadd(self, name, mapping, nx, xx, ch, incr, gt, lt)
        args_begin(&a, ZADD)
        try:
            args_put(&a, name, s)
            held = (<dict> mapping).copy()
            for member, score in (<dict> held).items():
                args_score(&a, score, s)
                args_put(&a, member, s)
            return s.run_args(ZADD, &a)
        finally:
            args_free(&a)

    def zcard(self, name):
        """The number of members. O(1). ZCARD."""
        return self._session.call1(ZCARD, name)

    def zincrby(self, name, amount, value):
        """Add `amount` to the score of `value`, 0 if missing; the new score. ZINCRBY."""
        return self._session.call3(ZINCRBY, name, amount, value)

    def zrem(self, name, *values):
        """Remove members; how many were there. ZREM."""
        return self._session.call1_many(ZREM, name, values)

    def zscore(self, name, value):
        """The score of `value`, None if missing. O(1). ZSCORE."""
        return self._session.call2(ZSCORE, name, value)

    @cython.binding(True)  # a default that no text can stand for
    def zrank(self, name, value, withscore=False, score_cast_func=float):
        """The rank of `value` from the lowest, None if missing. O(log n). ZRANK.

        With `withscore`, ``[rank, score]``.
        """
        if withscore:
            return _commands().zrank(self, name, value, withscore, score_cast_func)
        return rank_of(self, ZRANK, name, value, False)

    @cython.binding(True)  # a default that no text can stand for
    def zrevrank(self, name, value, withscore=False, score_cast_func=float):
        """The rank of `value` from the highest; see `zrank`. ZREVRANK."""
        if withscore:
            return _commands().zrevrank(self, name, value, withscore, score_cast_func)
        return rank_of(self, ZREVRANK, name, value, True)

    @cython.binding(True)  # a default that no text can stand for
    def zrange(self, name, start, end, desc=False, withscores=False, score_cast_func=float,
               byscore=False, bylex=False, offset=None, num=None):
        """Members by rank `start` to `end`, or by score, or lexically. O(log n + m). ZRANGE.

        `desc` goes from high to low, and then ranges by score or lexical ones are given high
        end first; `offset` and `num` take a part of such a range.
        """
        if desc or withscores or byscore or bylex or offset is not None or num is not None:
            return _commands().zrange(self, name, start, end, desc, withscores, score_cast_func,
                                      byscore, bylex, offset, num)
        return ranks_of(self, name, start, end)

    # Streams, bitmaps, HyperLogLogs, places

    def xadd(self, name, fields, id="*", maxlen=None, approximate=True, nomkstream=False,
             minid=None, limit=None, ref_policy=None, idmpauto=None, idmp=None):
        """Add an entry; its id, or None with `nomkstream` where there is no stream. XADD.

        The stream is then trimmed to `maxlen` entries, or to the ids from `minid` on, exactly
        or at whole blocks (`approximate`; at most `limit` entries go). O(1) but for what goes.
        `idmp` is a producer and its name for this entry: a second entry of that name is not
        added, and the id of the first returned; with `idmpauto` the contents are the name.
        """
        cdef Session s = self._session
        cdef Args a
        if (type(fields) is not dict or not fields or nomkstream or maxlen is not None
                or minid is not None or limit is not None or ref_policy is not None
                or idmpauto is not None or idmp is not None):
            return _commands().xadd(self, name, fields, id, maxlen, approximate, nomkstream,
                                    minid, limit, ref_policy, idmpauto, idmp)
        args_begin(&a, XADD)
        try:
            args_put(&a, name, s)
            args_put(&a, id, s)
            held = (<dict> fields).copy()
            for field, value in (<dict> held).items():
                args_put(&a, field, s)
                args_put(&a, value, s)
            return s.run(XADD, a.n, a.v)
        finally:
            args_free(&a)

    def setbit(self, name, offset, value):
        """Set the bit at `offset` to whether `value` is true; the bit before. SETBIT."""
        return self._session.call3(SETBIT, name, offset, 1 if value else 0)

    def pfadd(self, name, *values):
        """Add `values` to the HyperLogLog at `name`; 1 if that changed it. O(values). PFADD."""
        return self._session.call1_many(PFADD, name, values)

    def geoadd(self, name, values, nx=False, xx=False, ch=False):
        """Add places: `values` are longitude, latitude and name in turn. GEOADD.

        `nx` only adds, `xx` only moves. The number of places added; with `ch`, of those
        added or moved. O(log(size)) for each.
        """
        cdef Session s = self._session
        cdef Args a
        cdef Py_ssize_t i = 0
        if nx or xx or ch or type(values) not in (tuple, list) or len(values) % 3:
            return _commands().geoadd(self, name, values, nx, xx, ch)
        values = tuple(values)  # a list may be emptied while its floats are looked at
        args_begin(&a, GEOADD)
        try:
            args_put(&a, name, s)
            for value in values:
                if i < 2:
                    args_score(&a, value, s)
                    i += 1
                else:
                    args_put(&a, value, s)
                    i = 0
            return s.run_args(GEOADD, &a)
        finally:
            args_free(&a)
