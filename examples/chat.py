"""A chat between processes that have one path open: no server, no broker.

    python examples/chat.py /tmp/chat.ember ada      in one terminal
    python examples/chat.py /tmp/chat.ember bob      in another

What somebody types goes to everybody. Who comes late is shown the last lines first. Who leaves, or
is killed, is missed within seconds: each of them keeps a key that expires, and the store tells
when one does.

    chat:lines      channel      what is said
    chat:history    list         the last lines, newest first
    chat:here:ada   string       ada's sign of life; expires in seconds
"""

from __future__ import annotations

import sys
import threading

import emberkv

KEPT = 20
ALIVE_SECONDS = 2
EXPIRED = "__keyevent@0__:expired"


def show(message: dict[str, str]) -> None:
    print(message["data"], flush=True)


def say(db: emberkv.Ember[str], line: str) -> None:
    with db.pipeline() as pipe:  # the line and its place in the history belong together
        pipe.lpush("chat:history", line).ltrim("chat:history", 0, KEPT - 1)
        pipe.publish("chat:lines", line)
        pipe.execute()


def missed(message: dict[str, str]) -> None:
    if message["data"].startswith("chat:here:"):
        print(f"* {message['data'].removeprefix('chat:here:')} is gone", flush=True)


def stay_alive(db: emberkv.Ember[str], name: str, leaving: threading.Event) -> None:
    while not leaving.wait(ALIVE_SECONDS / 4):
        db.set(f"chat:here:{name}", "yes", ex=ALIVE_SECONDS)


def main(path: str, name: str) -> None:
    leaving = threading.Event()
    with emberkv.open(path, decode_responses=True) as db:
        db.config_set("notify-keyspace-events", "Ex")
        for line in reversed(db.lrange("chat:history", 0, -1)):
            print(line, flush=True)
        listener = db.pubsub()
        listener.subscribe(**{"chat:lines": show, EXPIRED: missed})
        listening = listener.run_in_thread(daemon=True)
        db.set(f"chat:here:{name}", "yes", ex=ALIVE_SECONDS)
        threading.Thread(target=stay_alive, args=(db, name, leaving), daemon=True).start()
        say(db, f"* {name} is here")
        try:
            for line in sys.stdin:
                say(db, f"{name}: {line.rstrip()}")
        except KeyboardInterrupt:
            pass
        leaving.set()
        say(db, f"* {name} leaves")
        listening.stop()
        listening.join()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: chat.py PATH NAME")
    main(sys.argv[1], sys.argv[2])
