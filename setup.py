"""Build of the C core and its Cython binding.

Environment:
  EMBERKV_VARIANT=release|check|asan|nojournal|nofigures   what to build (default release)
  EMBERKV_TESTING=1                              also build the test-only binding of the containers
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

CORE = Path("emberkv/_core")
FLOORS = ["base", "arena", "data", "store", "engine", "commands", "persist", "scripting", "net"]
CONTAINERS = ["base", "arena", "data"]

VARIANTS = {
    "release": (["-O2"], []),
    "check": (["-O1", "-g", "-DEK_CHECK"], []),
    "asan": (
        [
            *("-O1", "-g", "-DEK_CHECK", "-fno-omit-frame-pointer"),
            *("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"),
        ],
        ["-fsanitize=address,undefined"],
    ),
    "nojournal": (["-O2", "-DEK_NO_JOURNAL"], []),
    "nofigures": (["-O2", "-DEK_NO_FIGURES"], []),
}

variant = os.environ.get("EMBERKV_VARIANT", "release")
compile_args, link_args = VARIANTS[variant]
compile_args = [
    "-std=gnu11",
    "-fvisibility=hidden",
    "-fno-strict-aliasing",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    *compile_args,
]


def extension(name: str, floors: list[str]) -> Extension:
    pyx = CORE / f"{name}.pyx"
    sources = [str(p) for floor in floors for p in sorted((CORE / floor).glob("*.c"))]
    headers = [str(p) for floor in floors for p in sorted((CORE / floor).glob("*.h"))]
    return Extension(
        f"emberkv._core.{name}",
        [str(pyx), *sources],
        include_dirs=[str(CORE)],
        depends=headers,
        extra_compile_args=compile_args,
        extra_link_args=["-pthread", "-ldl", *link_args],
    )


extensions = [extension("_ember", FLOORS), extension("_lua_objects", [])]
if os.environ.get("EMBERKV_TESTING"):
    extensions.append(extension("_containers", CONTAINERS))

setup(
    ext_modules=cythonize(
        extensions,
        compiler_directives={
            "language_level": 3,
            "binding": False,  # plain method descriptors: a third less for a call
            "embedsignature": True,
            "embedsignature.format": "clinic",
        },
        include_path=[str(CORE)],
    )
)
