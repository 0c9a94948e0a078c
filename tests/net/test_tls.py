"""TLS: by the machine's OpenSSL, with certificates of both sides."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis
from net.wire import bulk

from emberkv import serve

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")


def openssl(*args: str) -> None:
    subprocess.run(["openssl", *args], check=True, capture_output=True)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.crt, and {server,client}.{key,crt} signed by it; stranger.{key,crt} by nobody."""
    where = tmp_path_factory.mktemp("keys")
    new = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    signs = ("-addext", "keyUsage=critical,keyCertSign")  # Python 3.13 is strict
    extensions = where / "extensions"
    extensions.write_text("authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    for name in ("ca", "stranger"):
        subject = ("-subj", f"/CN={name}", "-keyout", f"{where}/{name}.key")
        openssl("req", "-x509", *new, *signs, *subject, "-out", f"{where}/{name}.crt")
    for name in ("server", "client"):
        request = f"{where}/{name}.csr"
        openssl(
            "req", *new, "-subj", f"/CN={name}", "-keyout", f"{where}/{name}.key", "-out", request
        )
        signed = ("-CA", f"{where}/ca.crt", "-CAkey", f"{where}/ca.key", "-CAcreateserial")
        signed += ("-extfile", str(extensions), "-days", "2")
        openssl("x509", "-req", "-in", request, *signed, "-out", f"{where}/{name}.crt")
    return where


def options(keys: Path, **more: Any) -> dict[str, Any]:
    return {
        "tls_port": 0,
        "tls_cert_file": keys / "server.crt",
        "tls_key_file": keys / "server.key",
        "tls_ca_cert_file": keys / "ca.crt",
        **more,
    }


def connect(port: int | None, keys: Path, identity: str | None = "client") -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(keys / "ca.crt"))
    context.check_hostname = False
    if identity:
        context.load_cert_chain(keys / f"{identity}.crt", keys / f"{identity}.key")
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port or 0), 20))


def ask(s: ssl.SSLSocket, request: bytes, size: int) -> bytes:
    s.sendall(request)
    got = b""
    while len(got) < size:
        data = s.recv(1 << 20)
        assert data
        got += data
    return got


def test_replies_come_through_tls(keys: Path) -> None:
    with serve(**options(keys)) as server:
        assert server.port is None
        with connect(server.tls_port, keys) as s:
            assert ask(s, b"PING\r\n", 7) == b"+PONG\r\n"
            value = bytes(range(256)) * 20_000
            assert ask(s, bulk(b"SET", b"k", value), 5) == b"+OK\r\n"
            reply = b"$%d\r\n%b\r\n" % (len(value), value)
            assert ask(s, bulk(b"GET", b"k") * 3, 3 * len(reply)) == reply * 3
            assert ask(s, b"PING\r\n" * 40_000, 280_000) == b"+PONG\r\n" * 40_000
        with redis.Redis(
            port=server.tls_port or 0,
            ssl=True,
            ssl_ca_certs=str(keys / "ca.crt"),
            ssl_certfile=str(keys / "client.crt"),
            ssl_keyfile=str(keys / "client.key"),
            ssl_check_hostname=False,
        ) as client:
            assert client.strlen("k") == len(value)


def test_tls_and_plain_ports_serve_one_store(keys: Path) -> None:
    with serve(port=0, **options(keys)) as server, connect(server.tls_port, keys) as s:
        with redis.Redis(port=server.port or 0) as client:
            client.set("a", "1")
        assert ask(s, b"GET a\r\n", 7) == b"$1\r\n1\r\n"


@pytest.mark.parametrize("who", [None, "stranger"])
def test_who_has_no_certificate_of_the_ca_is_refused(keys: Path, who: str | None) -> None:
    with serve(**options(keys)) as server:
        with pytest.raises(OSError), connect(server.tls_port, keys, who) as s:
            s.sendall(b"PING\r\n")
            s.recv(100)
        with connect(server.tls_port, keys) as s:
            assert ask(s, b"PING\r\n", 7) == b"+PONG\r\n"


def test_certificates_of_clients_may_be_optional_or_unasked(keys: Path) -> None:
    for asked in ("optional", "no"):
        with serve(**options(keys, tls_auth_clients=asked)) as server:
            with connect(server.tls_port, keys, None) as s:
                assert ask(s, b"PING\r\n", 7) == b"+PONG\r\n"


def test_plain_bytes_on_the_tls_port_hurt_nobody(keys: Path) -> None:
    with serve(**options(keys)) as server:
        with socket.create_connection(("127.0.0.1", server.tls_port or 0), 20) as plain:
            plain.sendall(b"PING\r\n" * 10)
            while plain.recv(100):
                pass
        with connect(server.tls_port, keys) as s:
            assert ask(s, b"PING\r\n", 7) == b"+PONG\r\n"


def test_a_handshake_that_is_not_finished_holds_nobody_up(keys: Path) -> None:
    with serve(**options(keys)) as server:
        with socket.create_connection(("127.0.0.1", server.tls_port or 0), 20) as half:
            half.sendall(b"\x16\x03\x01\x02\x00")
            with connect(server.tls_port, keys) as s:
                assert ask(s, b"PING\r\n", 7) == b"+PONG\r\n"


def test_protocols_can_be_narrowed(keys: Path) -> None:
    with serve(**options(keys, tls_protocols="TLSv1.2")) as server:
        with connect(server.tls_port, keys) as s:
            assert s.version() == "TLSv1.2"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"tls_cert_file": ""}, "tls-cert-file"),
        ({"tls_ca_cert_file": ""}, "tls-ca-cert-file"),
        ({"tls_cert_file": "/nowhere"}, "certificate /nowhere"),
        ({"tls_key_file": "/nowhere"}, "key /nowhere"),
        ({"tls_protocols": "SSLv9"}, "SSLv9"),
        ({"tls_ciphers": "NONSENSE"}, "NONSENSE"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(
    keys: Path, change: dict[str, str], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        serve(**options(keys, **change))


def test_a_key_of_another_certificate_is_refused(keys: Path) -> None:
    with pytest.raises(ValueError, match="key"):
        serve(**options(keys, tls_key_file=keys / "client.key"))


def test_a_machine_without_openssl_says_so(tmp_path: Path) -> None:
    """A preloaded dlopen that finds no library of that name."""
    source = tmp_path / "absent.c"
    source.write_text(
        "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <string.h>\n"
        "void *dlopen(const char *name, int flags) {\n"
        "    static void *(*real)(const char *, int);\n"
        '    if (!real) real = dlsym(RTLD_NEXT, "dlopen");\n'
        '    return name && strncmp(name, "libssl.so", 9) == 0 ? NULL : real(name, flags);\n}\n'
    )
    library = tmp_path / "absent.so"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    subprocess.run(
        [compiler, "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"], check=True
    )
    code = "import emberkv; emberkv.serve(tls_port=0, tls_cert_file='a', tls_key_file='b')"
    preload = f"{os.environ.get('LD_PRELOAD', '')} {library}".strip()
    env = {**os.environ, "LD_PRELOAD": preload}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env)
    assert done.returncode == 1
    assert b"TLS needs OpenSSL" in done.stderr
