"""XXH3: values that the reference implementation gives."""

import pytest

core = pytest.importorskip("emberkv._core._containers")

DATA = bytes((i * 7 + i // 13) & 255 for i in range(3000))
LENGTHS = [0, 1, 2, 3, 4, 7, 8, 9, 16, 17, 32, 33, 64, 65, 96, 97, 128, 129, 143, 144, 239, 240]
LENGTHS += [241, 256, 511, 512, 513, 1023, 1024, 1025, 1088, 2048, 3000]
REFERENCE = """
2d06800538d394c2  c44bdff4074eecdb  9093381c8763d62e  c3489259e968ad9e  d3d60c1519014e89
0ffc4827844c63a6  b88dee77f6bf6980  03688dcad730d826  907976bb290db9e8  ac1710d495aa0dbd
f7cc327dd6d62aa4  87e5d124ba27e651  459c33aa4df12e7d  de4a0cca5f944227  b318c1b5cbeaa3ab
2c0a0fa926578070  e872377f5593aa83  9b55151daa76e2cf  8599f66ee300ff7c  6d8cc44ddc1280f3
cecd815d0a62f147  28067121726fa14e  26e9e1d1ee797db1  4919681d0579cded  fe86350eee830de4
30a52280d7c32d09  01198c9d8e9d3102  00ef093e5c3df5dd  26898b5f48a4fda8  929f393174c68e11
16308d33fb8f1f7b  fc8a3d83d69fd599  5833b363cc6b0da4
"""


@pytest.mark.parametrize(
    "length, expected", list(zip(LENGTHS, REFERENCE.split(), strict=True)), ids=map(str, LENGTHS)
)
def test_digest_is_the_reference_one(length, expected):
    assert f"{core.xxh3(DATA[:length]):016x}" == expected
