"""What the methods of ACL give, made of the replies. Loaded when one is called."""

from __future__ import annotations

from .responses import client_info, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def user_of(reply: Any) -> dict[str, Any] | None:
    """ACL GETUSER: flags, passwords, categories, commands, keys, channels, selectors."""
    if reply is None:
        return None
    facts = {text(name): value for name, value in reply.items()}
    rules = text(facts["commands"]).split(" ")
    for name in ("flags", "passwords"):
        facts[name] = [text(item) for item in facts[name]]
    for name in ("keys", "channels"):
        facts[name] = text(facts[name]).split(" ") if facts[name] else []
    facts["selectors"] = [
        [text(item) for pair in selector.items() for item in pair]
        for selector in facts["selectors"]
    ]
    facts["commands"] = [rule for rule in rules if "@" not in rule]
    facts["categories"] = [rule for rule in rules if "@" in rule]
    facts["enabled"] = "on" in facts["flags"]
    return facts


def log_of(reply: Any) -> Any:
    """ACL LOG: an entry as a dict; True of its RESET."""
    if not isinstance(reply, list):
        return text(reply) == "OK"
    entries = []
    for entry in reply:
        facts = {text(name): text(value) for name, value in entry.items()}
        facts["client-info"] = client_info(facts["client-info"])
        facts["age-seconds"] = float(facts["age-seconds"])
        entries.append(facts)
    return entries
