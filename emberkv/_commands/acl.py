"""Access control: users, and what they may do."""

from __future__ import annotations

from ..exceptions import DataError
from ._arguments import one_or_many
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._types import Encodable, Key

_SIGNS = {"+": ">", "-": "<"}
_HASH_SIGNS = {"+": "#", "-": "!"}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _signed(what: str, value: str) -> str:
    if not value.startswith(("+", "-")):
        raise DataError(f'{what} "{value}" must be prefixed with "+" or "-"')
    return value


def _secrets(what: str, values: Any, signs: dict[str, str]) -> list[str]:
    rules = []
    for i, value in enumerate(one_or_many(values, [])):
        secret = _text(value)
        if secret[:1] not in signs:
            raise DataError(f'{what} {i} must be prefixed with a "+" to add or a "-" to remove')
        rules.append(signs[secret[0]] + secret[1:])
    return rules


def _category(value: Any) -> str:
    rule = _signed("Category", _text(value))
    return rule if rule[1:2] == "@" else f"{rule[0]}@{rule[1:]}"


def _key(value: Any) -> str:
    key = _text(value)
    return key if key.startswith(("%", "~")) else f"~{key}"


class AclCommands(CommandGroup[T]):
    def acl_cat(self, category: str | None = None, **kwargs: Any) -> list[str]:
        """The categories of commands, or the commands of one. ACL CAT."""
        return self.execute_command("ACL CAT", *([category] if category else []), **kwargs)

    def acl_dryrun(self, username: str, *args: Encodable, **kwargs: Any) -> T:
        """``OK`` if a user may run a command, which is not run, or why not. ACL DRYRUN."""
        return self.execute_command("ACL DRYRUN", username, *args, **kwargs)

    def acl_deluser(self, *username: str, **kwargs: Any) -> int:
        """Delete users; how many there were. Their connections are closed. ACL DELUSER."""
        return self.execute_command("ACL DELUSER", *username, **kwargs)

    def acl_genpass(self, bits: int | None = None, **kwargs: Any) -> str:
        """A random password, as hexadecimal digits: of 256 `bits`, or so many. ACL GENPASS."""
        pieces = []
        if bits is not None:
            try:
                count = int(bits)
                if count < 0 or count > 4096:
                    raise ValueError
            except ValueError:
                raise DataError(
                    "genpass optionally accepts a bits argument, between 0 and 4096."
                ) from None
            pieces.append(count)
        return self.execute_command("ACL GENPASS", *pieces, **kwargs)

    def acl_getuser(self, username: str, **kwargs: Any) -> dict[str, Any] | None:
        """What a user may do, as a dict; None if there is none. ACL GETUSER."""
        return self.execute_command("ACL GETUSER", username, **kwargs)

    def acl_help(self, **kwargs: Any) -> list[str]:
        """What the subcommands are. ACL HELP."""
        return self.execute_command("ACL HELP", **kwargs)

    def acl_list(self, **kwargs: Any) -> list[str]:
        """All users with their rules, a line each, as in a file. ACL LIST."""
        return self.execute_command("ACL LIST", **kwargs)

    def acl_log(self, count: int | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """What was refused last, the newest first: 10, or `count`. ACL LOG."""
        if count is not None and not isinstance(count, int):
            raise DataError("ACL LOG count must be an integer")
        return self.execute_command("ACL LOG", *([] if count is None else [count]), **kwargs)

    def acl_log_reset(self, **kwargs: Any) -> bool:
        """Forget what was refused. True. ACL LOG RESET."""
        return self.execute_command("ACL LOG", b"RESET", **kwargs)

    def acl_load(self, **kwargs: Any) -> bool:
        """Read the users from the file that the setting aclfile names. True. ACL LOAD."""
        return self.execute_command("ACL LOAD", **kwargs)

    def acl_save(self, **kwargs: Any) -> bool:
        """Write the users to the file that the setting aclfile names. True. ACL SAVE."""
        return self.execute_command("ACL SAVE", **kwargs)

    def acl_setuser(
        self,
        username: str,
        enabled: bool = False,
        nopass: bool = False,
        passwords: str | Iterable[str] | None = None,
        hashed_passwords: str | Iterable[str] | None = None,
        categories: Iterable[str] | None = None,
        commands: Iterable[str] | None = None,
        keys: Iterable[Key] | None = None,
        channels: Iterable[Encodable] | None = None,
        selectors: Iterable[tuple[str, Key]] | None = None,
        reset: bool = False,
        reset_keys: bool = False,
        reset_channels: bool = False,
        reset_passwords: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Make a user, or change one. True. ACL SETUSER.

        `passwords`, `hashed_passwords` (of SHA-256), `categories` and `commands` begin with "+"
        or "-": "+secret", "+@read", "-flushall". `keys` are patterns, with "%R~" in front of
        those that may only be read and "%W~" of those only written; `channels` patterns too. A
        selector is a command and a pattern of keys that go together. `reset` begins from
        nothing, the others from nothing of their kind; a user is off unless `enabled`.
        """
        if (passwords or hashed_passwords) and nopass:
            raise DataError("Cannot set 'nopass' and supply 'passwords' or 'hashed_passwords'")
        rules: list[str] = [
            word
            for word, wanted in (
                ("reset", reset),
                ("resetkeys", reset_keys),
                ("resetchannels", reset_channels),
                ("resetpass", reset_passwords),
            )
            if wanted
        ]
        rules.append("on" if enabled else "off")
        if passwords:
            rules += _secrets("Password", passwords, _SIGNS)
        if hashed_passwords:
            rules += _secrets("Hashed password", hashed_passwords, _HASH_SIGNS)
        if nopass:
            rules.append("nopass")
        rules += [_category(category) for category in categories or ()]
        rules += [_signed("Command", _text(command)) for command in commands or ()]
        rules += [_key(key) for key in keys or ()]
        rules += [f"&{_text(channel)}" for channel in channels or ()]
        for command, key in selectors or ():
            rules.append(f"({_signed('Command', _text(command))} {_key(key)})")
        return self.execute_command("ACL SETUSER", username, *rules, **kwargs)

    def acl_users(self, **kwargs: Any) -> list[str]:
        """The names of all users. ACL USERS."""
        return self.execute_command("ACL USERS", **kwargs)

    def acl_whoami(self, **kwargs: Any) -> str:
        """The name of the user that this handle is. ACL WHOAMI."""
        return self.execute_command("ACL WHOAMI", **kwargs)
