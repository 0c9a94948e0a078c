"""Exceptions have redis-py's names, family and texts."""

from __future__ import annotations

import inspect
import pickle

import pytest
import redis.exceptions
from redis._parsers.base import BaseParser

from emberkv import exceptions

# Only a client with connections of its own has these.
NOT_HERE = {"ExceptionType", "IncorrectPolicyType", "Enum"}

theirs = {
    name: member
    for name, member in inspect.getmembers(redis.exceptions, inspect.isclass)
    if name not in NOT_HERE
}


@pytest.mark.parametrize("name", sorted(theirs))
def test_class_has_redis_pys_ancestors(name):
    def ancestors(found):
        return [base.__name__ for base in found.__mro__]

    assert ancestors(getattr(exceptions, name)) == ancestors(theirs[name])


@pytest.mark.parametrize(
    "line",
    [
        "ERR syntax error",
        "ERR",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "EXECABORT Transaction discarded because of previous errors.",
        "NOSCRIPT No matching script. Please use EVAL.",
        "READONLY You can't write against a read only replica.",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "NOPERM this user has no permissions to run the 'get' command",
        "LOADING Redis is loading the dataset in memory",
        "BUSYGROUP Consumer Group name already exists",
        "BUSY Redis is busy running a script.",
        "MOVED 3999 127.0.0.1:6381",
        "ASK 3999 ::1:6381",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN Hash slot not served",
        "CROSSSLOT Keys in request don't hash to the same slot",
        "MASTERDOWN Link with MASTER is down",
        "ERR max number of clients reached",
        "ERR invalid password",
        "ERR wrong number of arguments for 'auth' command",
        "ERR Client sent AUTH, but no password is set",
        "ERR AUTH <password> called without any password configured for the default user. "
        "Are you sure your configuration is correct?",
        "ERR Error loading the extension. Please check the server logs.",
        "ERR problem with LDAP service",
        "ERR no such fieldset",
        "no code at all",
        "",
    ],
)
def test_error_line_becomes_redis_pys_exception(line):
    want, have = BaseParser.parse_error(line), exceptions.exception_for(line)
    assert type(have).__name__ == type(want).__name__
    assert have.args == want.args
    assert have.status_code == want.status_code
    for attribute in ("slot_id", "node_addr", "host", "port", "message"):
        assert getattr(have, attribute, None) == getattr(want, attribute, None)


def test_exception_can_be_pickled():
    error = pickle.loads(pickle.dumps(exceptions.exception_for("OOM full")))
    assert type(error) is exceptions.OutOfMemoryError
    assert error.args == ("full",)
    assert error.status_code == "OOM"
