# What a pipeline does once for each command: putting it into the queue, and making its result of
# its reply. The methods are those of emberkv/_commands for the calls that are made most.

cdef dict NO_OPTIONS = {}  # shared by all queued commands without options; nobody writes to it


cdef class Queue:
    """The base of `Pipeline`: the queue, and the compiled methods that add to it."""
    cdef public list command_stack
    cdef public bint watching, explicit_transaction

    def __cinit__(self, *args, **kwargs):
        self.command_stack = []

    cdef object put(self, tuple args):
        if self.watching and not self.explicit_transaction:
            return self.immediate_execute_command(*args)
        self.command_stack.append((args, NO_OPTIONS))
        return self

    def get(self, name):
        """Queue `Ember.get`."""
        return self.put(("GET", name))

    def set(self, name, value, ex=None, px=None, nx=False, xx=False, keepttl=False, get=False,
            exat=None, pxat=None, ifeq=None, ifne=None, ifdeq=None, ifdne=None):
        """Queue `Ember.set`."""
        if (ex is None and px is None and nx is False and xx is False and keepttl is False
                and get is False and exat is None and pxat is None and ifeq is None
                and ifne is None and ifdeq is None and ifdne is None):
            return self.put(("SET", name, value))
        return _commands().set(self, name, value, ex, px, nx, xx, keepttl, get, exat, pxat,
                               ifeq, ifne, ifdeq, ifdne)

    def incrby(self, name, amount=1):
        """Queue `Ember.incrby`."""
        return self.put(("INCRBY", name, amount))

    def incr(self, name, amount=1):
        """Queue `Ember.incr`."""
        return self.put(("INCRBY", name, amount))

    def decrby(self, name, amount=1):
        """Queue `Ember.decrby`."""
        return self.put(("DECRBY", name, amount))

    def decr(self, name, amount=1):
        """Queue `Ember.decr`."""
        return self.put(("DECRBY", name, amount))

    def exists(self, *names):
        """Queue `Ember.exists`."""
        return self.put(("EXISTS",) + names)

    def delete(self, *names):
        """Queue `Ember.delete`."""
        return self.put(("DEL",) + names)

    def hget(self, name, key):
        """Queue `Ember.hget`."""
        return self.put(("HGET", name, key))

    def hset(self, name, key=None, value=None, mapping=None, items=None):
        """Queue `Ember.hset`."""
        if key is not None and not mapping and not items:
            return self.put(("HSET", name, key, value))
        return _commands().hset(self, name, key, value, mapping, items)

    def hincrby(self, name, key, amount=1):
        """Queue `Ember.hincrby`."""
        return self.put(("HINCRBY", name, key, amount))

    def hgetall(self, name):
        """Queue `Ember.hgetall`."""
        return self.put(("HGETALL", name))

    def lpush(self, name, *values):
        """Queue `Ember.lpush`."""
        return self.put(("LPUSH", name) + values)

    def rpush(self, name, *values):
        """Queue `Ember.rpush`."""
        return self.put(("RPUSH", name) + values)

    def lpop(self, name, count=None):
        """Queue `Ember.lpop`."""
        return self.put(("LPOP", name) if count is None else ("LPOP", name, count))

    def rpop(self, name, count=None):
        """Queue `Ember.rpop`."""
        return self.put(("RPOP", name) if count is None else ("RPOP", name, count))

    def sadd(self, name, *values):
        """Queue `Ember.sadd`."""
        return self.put(("SADD", name) + values)

    def srem(self, name, *values):
        """Queue `Ember.srem`."""
        return self.put(("SREM", name) + values)

    def sismember(self, name, value):
        """Queue `Ember.sismember`."""
        return self.put(("SISMEMBER", name, value))

    def zadd(self, name, mapping, nx=False, xx=False, ch=False, incr=False, gt=False, lt=False):
        """Queue `Ember.zadd`."""
        if type(mapping) is dict and len(<dict> mapping) == 1:
            if not (nx or xx or ch or incr or gt or lt):
                for member, score in (<dict> mapping).items():
                    return self.put(("ZADD", name, score, member))
        return _commands().zadd(self, name, mapping, nx, xx, ch, incr, gt, lt)

    def zincrby(self, name, amount, value):
        """Queue `Ember.zincrby`."""
        return self.put(("ZINCRBY", name, amount, value))

    def zscore(self, name, value):
        """Queue `Ember.zscore`."""
        return self.put(("ZSCORE", name, value))


def pipeline_results(list replies not None, list commands not None, callbacks not None,
                     ok_callbacks not None):
    """Results of `replies`, an exception as it is, by the callbacks of the commands' names.

    `commands` are (arguments, options). A callback in `ok_callbacks` makes True of OK, which is
    done here if there are no options.
    """
    cdef Py_ssize_t i, n = len(replies)
    cdef list out = []
    cdef tuple command
    if len(commands) != n:
        raise ValueError("as many replies as commands")
    for i in range(n):
        reply = replies[i]
        command = commands[i]
        callback = callbacks[(<tuple> command[0])[0]]
        if callback is None or isinstance(reply, Exception):
            out.append(reply)
        elif not <dict> command[1]:
            if PyBytes_CheckExact(reply) and callback in ok_callbacks and reply == b"OK":
                out.append(True)
            else:
                out.append(callback(reply))
        else:
            out.append(callback(reply, **(<dict> command[1])))
    return out
