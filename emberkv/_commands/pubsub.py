"""Publishing, and who listens; listening itself is `PubSub`'s."""

from __future__ import annotations

from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._types import Encodable, Key, Pattern


class PubSubCommands(CommandGroup[T]):
    def publish(self, channel: Key, message: Encodable, **kwargs: Any) -> int:
        """Send `message` to who listens to `channel`; how many get it. PUBLISH."""
        return self.execute_command("PUBLISH", channel, message, **kwargs)

    def spublish(self, shard_channel: Key, message: Encodable) -> int:
        """Send `message` to who listens to a shard channel; how many get it. SPUBLISH."""
        return self.execute_command("SPUBLISH", shard_channel, message)

    def pubsub_channels(self, pattern: Pattern = "*", **kwargs: Any) -> list[T]:
        """The channels that match and that somebody listens to. PUBSUB CHANNELS."""
        return self.execute_command("PUBSUB CHANNELS", pattern, **kwargs)

    def pubsub_shardchannels(self, pattern: Pattern = "*", **kwargs: Any) -> list[T]:
        """The shard channels that match and that somebody listens to. PUBSUB SHARDCHANNELS."""
        return self.execute_command("PUBSUB SHARDCHANNELS", pattern, **kwargs)

    def pubsub_numpat(self, **kwargs: Any) -> int:
        """How many patterns anybody listens by. PUBSUB NUMPAT."""
        return self.execute_command("PUBSUB NUMPAT", **kwargs)

    def pubsub_numsub(self, *args: Key, **kwargs: Any) -> list[tuple[T, int]]:
        """Channels, each with how many listen to it, but for patterns. PUBSUB NUMSUB."""
        return self.execute_command("PUBSUB NUMSUB", *args, **kwargs)

    def pubsub_shardnumsub(self, *args: Key, **kwargs: Any) -> list[tuple[T, int]]:
        """Shard channels, each with how many listen to it. PUBSUB SHARDNUMSUB."""
        return self.execute_command("PUBSUB SHARDNUMSUB", *args, **kwargs)
