"""The session: its database, its name, and what it may ask about other sessions."""

from __future__ import annotations

from ..exceptions import DataError
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from .._types import Encodable, Key


class ConnectionCommands(CommandGroup[T]):
    def auth(self, password: str, username: str | None = None, **kwargs: Any) -> bool:
        """Become a user. True, or AuthenticationError. AUTH."""
        who = () if username is None else (username,)
        return self.execute_command("AUTH", *who, password, **kwargs)

    def client_getname(self, **kwargs: Any) -> str | None:
        """The name of this session, None if it has none. CLIENT GETNAME."""
        return self.execute_command("CLIENT GETNAME", **kwargs)

    def client_getredir(self, **kwargs: Any) -> int:
        """The session that gets this one's invalidations, -1 none, 0 itself. CLIENT GETREDIR."""
        return self.execute_command("CLIENT GETREDIR", **kwargs)

    def client_id(self, **kwargs: Any) -> int:
        """The number of this session, unique in its store. CLIENT ID."""
        return self.execute_command("CLIENT ID", **kwargs)

    def client_info(self, **kwargs: Any) -> dict[str, Any]:
        """What `client_list` says of this session. CLIENT INFO."""
        return self.execute_command("CLIENT INFO", **kwargs)

    def client_kill(self, address: str, **kwargs: Any) -> bool | int:
        """End the session at `address`. CLIENT KILL."""
        return self.execute_command("CLIENT KILL", address, **kwargs)

    def client_kill_filter(
        self,
        _id: int | str | None = None,
        _type: str | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
        maxage: int | None = None,
        **kwargs: Any,
    ) -> int:
        """End the sessions that all filters given fit; how many. CLIENT KILL."""
        pieces: list[Any] = []
        if _type is not None:
            types = ("normal", "master", "slave", "replica", "pubsub")
            if str(_type).lower() not in types:
                raise DataError(f"CLIENT KILL type must be one of {types!r}")
            pieces += ("TYPE", _type)
        if skipme is not None:
            if not isinstance(skipme, bool):
                raise DataError("CLIENT KILL skipme must be a bool")
            pieces += ("SKIPME", "YES" if skipme else "NO")
        for word, value in (
            ("ID", _id),
            ("ADDR", addr),
            ("LADDR", laddr),
            ("USER", user),
            ("MAXAGE", maxage),
        ):
            if value is not None:
                pieces += (word, value)
        if not pieces:
            raise DataError(
                "CLIENT KILL <filter> <value> ... ... <filter> "
                "<value> must specify at least one filter"
            )
        return self.execute_command("CLIENT KILL", *pieces, **kwargs)

    def client_list(
        self,
        _type: str | None = None,
        client_id: list[Any] = [],  # noqa: B006 - never changed; redis-py's default
        **kwargs: Any,
    ) -> list[dict[str, str]]:
        """The sessions of the store, a dict each. CLIENT LIST."""
        pieces: list[Any] = []
        if _type is not None:
            types = ("normal", "master", "replica", "pubsub")
            if str(_type).lower() not in types:
                raise DataError(f"CLIENT LIST _type must be one of {types!r}")
            pieces += ("TYPE", _type)
        if not isinstance(client_id, list):
            raise DataError("client_id must be a list")
        if client_id:
            pieces += ("ID", *client_id)
        return self.execute_command("CLIENT LIST", *pieces, **kwargs)

    def client_no_evict(self, mode: str) -> T:
        """Whether this session may be evicted for memory, ON or OFF. CLIENT NO-EVICT."""
        return self.execute_command("CLIENT NO-EVICT", mode)

    def client_no_touch(self, mode: str) -> T:
        """Whether this session's reads leave the access times alone. CLIENT NO-TOUCH."""
        return self.execute_command("CLIENT NO-TOUCH", mode)

    def client_pause(self, timeout: int, all: bool = True, **kwargs: Any) -> bool:
        """Hold other sessions' commands, or their writes, for milliseconds. CLIENT PAUSE."""
        if not isinstance(timeout, int):
            raise DataError("CLIENT PAUSE timeout must be an integer")
        pieces = () if all else ("WRITE",)
        return self.execute_command("CLIENT PAUSE", str(timeout), *pieces, **kwargs)

    def client_reply(self, reply: Literal["ON", "OFF", "SKIP"], **kwargs: Any) -> T:
        """Whether the session gets replies. CLIENT REPLY."""
        replies = ["ON", "OFF", "SKIP"]
        if reply not in replies:
            raise DataError(f"CLIENT REPLY must be one of {replies!r}")
        return self.execute_command("CLIENT REPLY", reply, **kwargs)

    def client_setinfo(self, attr: str, value: str, **kwargs: Any) -> bool:
        """Name the library in use (LIB-NAME, LIB-VER). CLIENT SETINFO."""
        return self.execute_command("CLIENT SETINFO", attr, value, **kwargs)

    def client_setname(self, name: str, **kwargs: Any) -> bool:
        """Name this session. True. CLIENT SETNAME."""
        return self.execute_command("CLIENT SETNAME", name, **kwargs)

    def client_tracking(
        self,
        on: bool = True,
        clientid: int | None = None,
        prefix: Sequence[Key] = [],
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
        **kwargs: Any,
    ) -> T:
        """Have the changes of keys that were read, or of `prefix`, announced. CLIENT TRACKING."""
        if len(prefix) != 0 and bcast is False:
            raise DataError("Prefix can only be used with bcast")
        pieces: list[Any] = ["ON" if on else "OFF"]
        if clientid is not None:
            pieces += ("REDIRECT", clientid)
        for start in prefix:
            pieces += ("PREFIX", start)
        for word, given in (
            ("BCAST", bcast),
            ("OPTIN", optin),
            ("OPTOUT", optout),
            ("NOLOOP", noloop),
        ):
            if given:
                pieces.append(word)
        return self.execute_command("CLIENT TRACKING", *pieces, **kwargs)

    def client_tracking_on(
        self,
        clientid: int | None = None,
        prefix: Sequence[Key] = [],
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
    ) -> T:
        """`client_tracking` on."""
        return self.client_tracking(True, clientid, prefix, bcast, optin, optout, noloop)

    def client_tracking_off(
        self,
        clientid: int | None = None,
        prefix: Sequence[Key] = [],
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
    ) -> T:
        """`client_tracking` off."""
        return self.client_tracking(False, clientid, prefix, bcast, optin, optout, noloop)

    def client_trackinginfo(self, **kwargs: Any) -> list[Any]:
        """What is tracked for this session: names and values in turn. CLIENT TRACKINGINFO."""
        return self.execute_command("CLIENT TRACKINGINFO", **kwargs)

    def client_unblock(self, client_id: int, error: bool = False, **kwargs: Any) -> bool:
        """End the wait of a session, with an error if wanted; whether it waited. CLIENT UNBLOCK."""
        pieces = ("ERROR",) if error else ()
        return self.execute_command("CLIENT UNBLOCK", int(client_id), *pieces, **kwargs)

    def client_unpause(self, **kwargs: Any) -> T:
        """End `client_pause`. CLIENT UNPAUSE."""
        return self.execute_command("CLIENT UNPAUSE", **kwargs)

    def echo(self, value: Encodable, **kwargs: Any) -> T:
        """`value`. ECHO."""
        return self.execute_command("ECHO", value, **kwargs)

    def hello(self) -> None:
        """Not part of the Python API: there is no protocol to agree on."""
        raise NotImplementedError("HELLO is intentionally not implemented in the client.")

    def ping(self, **kwargs: Any) -> bool:
        """True. PING."""
        return self.execute_command("PING", **kwargs)

    def quit(self, **kwargs: Any) -> bool:
        """Say good-bye; `close` is what ends a handle. QUIT."""
        return self.execute_command("QUIT", **kwargs)

    def reset(self) -> str:
        """Bring the session back to its beginning; ``"RESET"``. RESET."""
        return self.execute_command("RESET")

    def select(self, index: int, **kwargs: Any) -> bool:
        """Work in database `index` from now on. True. SELECT."""
        return self.execute_command("SELECT", index, **kwargs)
