"""`emberkv check`: are the files of a store whole?"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("path", type=click.Path())
@click.option(
    "--fix", is_flag=True, help="Keep what stands before the damage, and the old beside it."
)
def check(path: str, fix: bool) -> int:
    """Look at the files of the store at PATH, or at one snapshot, manifest or append-only file.

    Exit status 1: something is damaged. The store is not opened, and must not be in use with --fix.
    """
    from rich.console import Console

    from ..check import check as look

    console = Console(highlight=False, soft_wrap=True)
    try:
        with console.status(f"reading {path}") as status:
            findings = look(path, fix, lambda file: status.update(f"reading {file}"))
    except OSError as error:
        console.print(f"[red]{error.filename or path}: {error.strerror}[/]", markup=True)
        return 1
    for finding in findings:
        mark, colour = ("fixed", "yellow") if finding.fixed else ("ok", "green")
        if not finding.whole:
            mark, colour = "damaged", "red"
        console.print(f"[{colour}]{mark:8}[/] {finding.path}: {finding.text}")
        if finding.fixed and finding.keeps is None:
            console.print(f"         written anew; the old file is {finding.rest}")
        elif finding.fixed:
            console.print(f"         cut to {finding.keeps} bytes; the rest is in {finding.rest}")
        elif finding.keeps is not None:
            lost = Path(finding.path).stat().st_size - finding.keeps
            console.print(f"         --fix cuts it to {finding.keeps} bytes: {lost} are lost")
    return 0 if all(finding.whole for finding in findings) else 1
