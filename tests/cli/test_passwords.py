"""Passwords for registries, as they come from flags, variables and standard input."""

import base64
import sys

import pytest

from cli.world import World
from servers.registry.http_server import Reply
from unit.net.server import Server

_WITH_MARKS = {
    "\ufeffsecret": "begins with a byte order mark: leave it out",
    "secret\r": "ends with a carriage return: leave it out",
    "secret\n": "ends with a line end: leave it out",
}


@pytest.mark.parametrize("password", _WITH_MARKS)
@pytest.mark.parametrize("place", ["$NOTATION_PASSWORD", "--password", "the password on standard input"])
def test_a_mark_is_never_sent(place: str, password: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password with a mark of an editor or shell is refused before a registry counts it as a wrong one."""
    flags, stdin = ["-u", "me"], ""
    if place == "--password":
        flags += ["-p", password]
    elif place.startswith("$"):
        monkeypatch.setenv("NOTATION_USERNAME", "me")
        monkeypatch.setenv("NOTATION_PASSWORD", password)
        flags = []
    else:  # where the file's own marks are left out first
        flags, stdin = [*flags, "--password-stdin"], f"\ufeff{password}\r\n"
    shown = world.refused(2, "login", *flags, "localhost:1", stdin=stdin)
    assert shown == f"{place} {_WITH_MARKS[password]}"


@pytest.mark.parametrize(
    ("stdin", "password"),
    [
        (b"secret", b"secret"),
        (b"secret\n", b"secret"),
        (b"\xef\xbb\xbfsecret\r\n", b"secret"),
        (b" sec ret ", b" sec ret "),
        (b"s\xe9cret\n", b"s\xe9cret"),
    ],
)
def test_the_password_on_standard_input(stdin: bytes, password: bytes, world: World) -> None:
    """The marks of a file are left out, and what is no UTF-8 is sent as it came, as Docker does."""
    challenge = Reply(401, (("WWW-Authenticate", 'Basic realm="x"'),))
    with Server(challenge, Reply(401)) as server:
        done = world.process(
            "login", "-u", "me", "--password-stdin", f"localhost:{server.url.rpartition(':')[2]}", stdin=stdin
        )
    assert done.code == 3
    assert "does not accept the credentials" in done.err
    assert base64.b64decode(str(server.seen[-1].authorization).removeprefix("Basic ")) == b"me:" + password


@pytest.mark.skipif(sys.platform == "win32", reason="variables are text there")
def test_a_variable_that_is_no_utf_8(world: World) -> None:
    """The bytes of a variable are sent as they are."""
    challenge = Reply(401, (("WWW-Authenticate", 'Basic realm="x"'),))
    with Server(challenge, Reply(401)) as server:
        reference = f"localhost:{server.url.rpartition(':')[2]}/a@sha256:{'0' * 64}"
        done = world.process("verify", reference, NOTATION_USERNAME="me", NOTATION_PASSWORD="s\udce9cret")
    assert done.code == 3
    assert base64.b64decode(str(server.seen[-1].authorization).removeprefix("Basic ")) == b"me:s\xe9cret"
