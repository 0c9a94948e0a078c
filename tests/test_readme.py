"""The README's first example runs as it stands and prints what it should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = [page.relative_to(ROOT) for page in sorted((ROOT / "docs").glob("*.md"))]


def test_the_quick_start_runs(tmp_path):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "b'Ada' [b'ada', b'bob']\n[1, 1]\n"


def test_the_map_names_what_is_there():
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("## Where things are") :]
    named = re.findall(r"^\|? ?\| `([^`*]+/)`", table, re.MULTILINE)
    assert named
    assert [place for place in named if not (ROOT / place).is_dir()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *map(str, DOCS)])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
