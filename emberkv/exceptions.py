"""The exceptions of emberkv, with the names and the family tree of redis-py's.

The store answers an error as one line that begins with its code (``WRONGTYPE ...``).
`exception_for` turns such a line into the class that redis-py users catch; the core raises
what it returns.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class RedisError(Exception):
    """Root of everything that emberkv raises on purpose.

    `status_code` is the error's code (``"OOM"``, ``"ERR"``) where the reply had one that
    emberkv knows, and None otherwise.
    """

    status_code: str | None

    def __init__(self, *args: Any, status_code: str | None = None) -> None:
        super().__init__(*args)
        self.status_code = status_code


class ConnectionError(RedisError):  # noqa: A001
    """The handle cannot reach its store: it was closed, or the store cannot be opened."""


class TimeoutError(RedisError):  # noqa: A001
    """A wait took longer than it was allowed to."""


class AuthenticationError(ConnectionError):
    """The credentials given were refused."""


class AuthorizationError(ConnectionError):
    """The user may not do this."""


class BusyLoadingError(ConnectionError):
    """The store is still being loaded."""


class MaxConnectionsError(ConnectionError):
    """No further session can be opened."""


class ExternalAuthProviderError(ConnectionError):
    """A provider of credentials failed."""


class InvalidResponse(RedisError):
    """A reply could not be understood."""


class ResponseError(RedisError):
    """The command was refused: wrong type, wrong number of arguments, syntax, ..."""


class DataError(RedisError):
    """An argument cannot be sent: its type has no bytes, or options contradict each other."""


class PubSubError(RedisError):
    """Publish and subscribe was used wrongly."""


class WatchError(RedisError):
    """A watched key changed before EXEC: nothing of the transaction was done."""


class NoScriptError(ResponseError):
    """The script or function named is not known."""


class OutOfMemoryError(ResponseError):
    """The store is full. The command left no trace."""


class ExecAbortError(ResponseError):
    """EXEC refused the transaction because a command in it could not be queued."""


class ReadOnlyError(ResponseError):
    """The store takes no writes."""


class NoPermissionError(ResponseError):
    """The user may not run this command, or not on these keys."""


class ModuleError(ResponseError):
    """A module could not be loaded or unloaded."""


class NoSuchFieldsetError(ResponseError):
    """The fieldset named was not prepared in this session."""


class AuthenticationWrongNumberOfArgsError(ResponseError):
    """AUTH was called with too few or too many arguments."""


class LockError(RedisError, ValueError):
    """A lock could not be acquired or released."""

    def __init__(self, message: str | None = None, lock_name: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.lock_name = lock_name


class LockNotOwnedError(LockError):
    """The lock is not, or no longer, held by this owner."""


class ChildDeadlockedError(Exception):
    """A child of a fork waits for a lock that its parent held."""


class RedisClusterException(Exception):
    """Root of what a cluster client raises about the cluster itself."""


class ClusterError(RedisError):
    """The cluster did not answer within its attempts."""


class ClusterDownError(ClusterError, ResponseError):
    """The cluster does not serve this slot at present."""

    def __init__(self, resp: str, status_code: str | None = None) -> None:
        super().__init__(resp, status_code=status_code)
        self.message = resp


class MasterDownError(ClusterDownError):
    """The replica lost its master and serves no stale data."""


class AskError(ResponseError):
    """The key is being moved: ask the node named in the reply, this once."""

    def __init__(self, resp: str, status_code: str | None = None) -> None:
        super().__init__(resp, status_code=status_code)
        self.message = resp
        slot, node = resp.split(" ")
        host, port = node.rsplit(":", 1)
        self.slot_id = int(slot)
        self.host = host
        self.port = int(port)
        self.node_addr = (host, self.port)


class MovedError(AskError):
    """The key lives on the node named in the reply."""


class TryAgainError(ResponseError):
    """The keys are split between two nodes while their slot moves."""


class ClusterCrossSlotError(ResponseError):
    """The keys of the command belong to different slots."""

    message = "Keys in request don't hash to the same slot"


class CrossSlotTransactionError(RedisClusterException):
    """The keys of a transaction belong to different slots."""


class SlotNotCoveredError(RedisClusterException):
    """No node serves the slot."""


class InvalidPipelineStack(RedisClusterException):
    """A pipeline got a different number of replies than it sent commands."""


_BY_CODE: dict[str, type[RedisError]] = {
    "ERR": ResponseError,
    "OOM": OutOfMemoryError,
    "WRONGPASS": AuthenticationError,
    "EXECABORT": ExecAbortError,
    "LOADING": BusyLoadingError,
    "NOSCRIPT": NoScriptError,
    "READONLY": ReadOnlyError,
    "NOAUTH": AuthenticationError,
    "NOPERM": NoPermissionError,
    "ASK": AskError,
    "TRYAGAIN": TryAgainError,
    "MOVED": MovedError,
    "CLUSTERDOWN": ClusterDownError,
    "CROSSSLOT": ClusterCrossSlotError,
    "MASTERDOWN": MasterDownError,
}

# Replies under the plain ERR code that are told apart by their text.
_BY_TEXT: dict[str, type[RedisError]] = {
    "max number of clients reached": ConnectionError,
    "invalid password": AuthenticationError,
    "wrong number of arguments for 'auth' command": AuthenticationWrongNumberOfArgsError,
    "wrong number of arguments for 'AUTH' command": AuthenticationWrongNumberOfArgsError,
    "Client sent AUTH, but no password is set": AuthenticationError,
    "AUTH <password> called without any password configured for the default user. "
    "Are you sure your configuration is correct?": AuthenticationError,
    "problem with LDAP service": ExternalAuthProviderError,
    "no such fieldset": NoSuchFieldsetError,
    "Error loading the extension. Please check the server logs.": ModuleError,
    "Error unloading module: no such module with that name": ModuleError,
    "Error unloading module: operation not possible.": ModuleError,
    "Error unloading module: the module exports one or more module-side data types, "
    "can't unload": ModuleError,
}


def exception_for(message: str) -> RedisError:
    """The exception that stands for the error reply `message` (``"CODE text"``).

    A code with a class of its own is taken off the text and kept as `status_code`; any other
    (``WRONGTYPE``, ``BUSYGROUP``, ...) stays in the text of a plain ResponseError.
    """
    code, _, text = message.partition(" ")
    kind = _BY_CODE.get(code)
    if kind is None:
        return ResponseError(message)
    if code == "ERR":
        kind = _BY_TEXT.get(text, ResponseError)
    return kind(text, status_code=code)
