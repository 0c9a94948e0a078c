"""Print what pyproject.toml asks for, a line each: to build, to run, and for the extras named."""

import sys
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10: pip carries the same parser
    from pip._vendor import tomli as tomllib

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
print(*project["build-system"]["requires"], *project["project"]["dependencies"], sep="\n")
for extra in sys.argv[1:]:
    print(*project["project"]["optional-dependencies"][extra], sep="\n")
