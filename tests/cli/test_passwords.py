"""Passwords for registries, as they come from flags, variables and standard input."""

import base64
import sys

import pytest

from tests.cli.world import World
from tests.servers.registry.http_server import Reply
from tests.unit.net.server import Server

_WITH_MARKS = {
    "\ufeffsecret": "begins with a byte order mark: leave it out",
    "secret\r": "ends with a carriage return: leave it out",
    "secret\n": "ends with a line end: leave it out",
}


@pytest.fixture(autouse=True)
def _helper(world: World) -> None:
    """A user with a credential helper in the settings."""
    (world.home.folder / "config.json").write_text('{"credsStore": "tests"}')


@pytest.mark.parametrize("password", _WITH_MARKS)
@pytest.mark.parametrize("place", ["$NOTATION_PASSWORD", "--password", "the password on standard input"])
def test_marked_password_is_never_sent(
    place: str, password: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.parametrize("name", _WITH_MARKS)
def test_marked_user_name_is_refused(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a name."""
    assert world.refused(2, "login", "-u", name, "-p", "x", "localhost:1") == f"--username {_WITH_MARKS[name]}"
    monkeypatch.setenv("NOTATION_USERNAME", name)
    monkeypatch.setenv("NOTATION_PASSWORD", "x")
    assert world.refused(2, "login", "localhost:1") == f"$NOTATION_USERNAME {_WITH_MARKS[name]}"


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
def test_marks_on_standard_input_are_removed(stdin: bytes, password: bytes, world: World) -> None:
    """The marks of a file are left out, and what is no UTF-8 is sent as it came, as Docker does."""
    challenge = Reply(401, (("WWW-Authenticate", 'Basic realm="x"'),))
    with Server(challenge, Reply(401)) as server:
        done = world.process(
            "login", "-u", "me", "--password-stdin", f"localhost:{server.url.rpartition(':')[2]}", stdin=stdin
        )
    assert done.code == 3
    assert "does not accept the credentials" in done.err
    assert base64.b64decode(str(server.seen[-1].authorization).removeprefix("Basic ")) == b"me:" + password


@pytest.mark.parametrize(
    ("flags", "stdin", "sent"),
    [
        ((), b"me\nsecret\n", b"me:secret"),
        ((), b"\xef\xbb\xbfme\r\nsecret\r\n", b"me:secret"),
        ((), b" me \n sec ret ", b"me: sec ret "),
        (("-u", "me"), b"secret\n", b"me:secret"),
        (("-u", "me"), b"secret", b"me:secret"),
    ],
)
def test_prompts_are_answered_from_a_pipe(flags: tuple[str, ...], stdin: bytes, sent: bytes, world: World) -> None:
    """Prompts are answered from a pipe: the user name, unless it is given, then the password."""
    challenge = Reply(401, (("WWW-Authenticate", 'Basic realm="x"'),))
    with Server(challenge, Reply(401)) as server:
        done = world.process("login", *flags, f"localhost:{server.url.rpartition(':')[2]}", stdin=stdin)
    assert done.code == 3
    assert "does not accept the credentials" in done.err
    assert base64.b64decode(str(server.seen[-1].authorization).removeprefix("Basic ")) == sent


@pytest.mark.parametrize("flags", [(), ("-u", "me"), ("--password-stdin",), ("-u", "me", "--password-stdin")])
def test_empty_pipe_is_refused(flags: tuple[str, ...], world: World) -> None:
    """Where nothing comes there is no password, and the error says how to give one."""
    assert world.refused(2, "login", *flags, "localhost:1") == (
        "no password on standard input: "
        "write the user name and the password as two lines, or the password alone with --username"
    )


def test_login_without_helper_is_refused(world: World) -> None:
    """Without a credential helper a login is refused before a password is read or sent, with what else there is."""
    (world.home.folder / "config.json").unlink()
    shown = world.refused(2, "login", "-u", "me", "--password-stdin", "localhost:1", stdin="secret")
    assert shown.startswith("no credential helper is installed, and credentials are not written to files: install one")
    for way in ("$NOTATION_USERNAME and $NOTATION_PASSWORD", "'docker login localhost:1'"):
        assert way in shown
    assert "notarykit login" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="variables are text there")
def test_bytes_outside_utf_8_are_sent_unchanged(world: World) -> None:
    """The bytes of a variable are sent as they are."""
    challenge = Reply(401, (("WWW-Authenticate", 'Basic realm="x"'),))
    with Server(challenge, Reply(401)) as server:
        reference = f"localhost:{server.url.rpartition(':')[2]}/a@sha256:{'0' * 64}"
        done = world.process("verify", reference, NOTATION_USERNAME="me", NOTATION_PASSWORD="s\udce9cret")
    assert done.code == 3
    assert base64.b64decode(str(server.seen[-1].authorization).removeprefix("Basic ")) == b"me:s\xe9cret"
