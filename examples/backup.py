"""Backups of a bank that never closes.

A second process moves money between accounts, each transfer a transaction, as fast as it can.
Meanwhile this one writes snapshots, which stop nobody, and opens each as a store of its own:
however the moment fell, no transfer is half in it, so the sum of all accounts is what it always
was.

    python examples/backup.py [accounts] [backups]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import emberkv

BALANCE = 1000

TELLER = """
import random, sys, emberkv
with emberkv.open(sys.argv[1]) as db:
    accounts = int(sys.argv[2])
    print("open", flush=True)
    while not db.exists("closing"):
        giver, taker = random.sample(range(accounts), 2)
        with db.transaction():
            amount = random.randint(0, int(db.hget("accounts", giver)))
            db.hincrby("accounts", giver, -amount)
            db.hincrby("accounts", taker, amount)
            db.incr("transfers")
"""


def main(accounts: int = 10_000, backups: int = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, backup = Path(folder, "bank.ember"), Path(folder, "backup.rdb")
        with emberkv.open(path) as bank:
            bank.hset("accounts", mapping=dict.fromkeys(range(accounts), BALANCE))
            command = [sys.executable, "-c", TELLER, str(path), str(accounts)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as teller:
                assert teller.stdout is not None and teller.stdout.readline() == b"open\n"
                for _ in range(backups):
                    bank.save(backup)
                    check(backup, accounts)
                bank.set("closing", 1)
            print(f"{int(bank.get('transfers') or 0):,} transfers were made meanwhile")


def check(backup: Path, accounts: int) -> None:
    with emberkv.load(backup) as then:
        transfers = int(then.get("transfers") or 0)
        total = sum(map(int, then.hvals("accounts")))
    right = "as it should be" if total == accounts * BALANCE else "WRONG"
    size = backup.stat().st_size
    print(f"backup of {size:,} bytes after {transfers:,} transfers: {total:,} in all, {right}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Backups of a bank that never closes.")
    parser.add_argument("accounts", nargs="?", type=int, default=10_000, help="two or more")
    parser.add_argument("backups", nargs="?", type=int, default=3)
    given = parser.parse_args()
    if given.accounts < 2:
        parser.error("money moves between two accounts or more")
    main(given.accounts, given.backups)
