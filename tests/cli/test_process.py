"""The command line as a process: what it imports, what it does about broken streams, and how it fails."""

import fcntl
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from notarykit.cli.diagnostics import traceback_of
from notarykit.errors import ExtendedValidationError, PluginError
from notarykit.plugin.host.retry import ask
from notarykit.plugin.protocol.fields import Command
from tests.cli.world import VERIFY, World, error_of
from tests.support.ca import pem_of
from tests.support.distributions import add_distribution, signing_plugin
from tests.support.layouts import add_artifact, make_layout


def test_installed_script_runs(world: World) -> None:
    """The script that the package installs is the same command line."""
    script = Path(sys.executable).with_name("notarykit")
    done = subprocess.run([script, "sing"], env=world.home.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert error_of(done.stderr) == "unknown command 'sing' for 'notarykit': did you mean 'sign'?"


def test_traceback_only_with_debug(world: World) -> None:
    """An error is one line, and with `--debug` a traceback comes before that line."""
    command = ("sign", "--oci-layout", f"absent@{world.layout.digest}")
    plain = world.process("key", "update", "--default", "none")
    assert plain.code == 4
    for flag in ("--debug", "-d", "--debug=true", "-dv"):
        debug = world.process("key", "update", "--default", "none", flag)
        assert debug.code == 4
        assert debug.err.startswith("Traceback (most recent call last):\n")
        assert debug.err.endswith(plain.err)
    assert "Traceback" not in world.process(*command).err


def test_unforeseen_error_is_one_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a mistake of the program's own is one line, and its exit code is none of the documented ones."""

    def fail() -> None:
        raise RuntimeError("a\nmistake")

    monkeypatch.setattr("notarykit.cli.commands.key.load_signing_keys", fail)
    error = world.refused(70, "key", "list")
    assert error == "internal error: RuntimeError: a\\nmistake: run it again with --debug, and report what that prints"
    debug = world.run("key", "list", "--debug")
    assert debug.err.startswith("Traceback")
    assert debug.err.endswith(f"Error: {error}\n")


def test_unforeseen_error_in_json(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON output reports an internal error like any other error."""

    def fail(*_: object) -> None:
        raise RuntimeError("mistake")

    monkeypatch.setattr("notarykit.oci.layout.ImageLayout.signatures", fail)
    done = world.run("list", "--oci-layout", "-o", "json", world.reference)
    assert done.code == 70
    error = json.loads(done.out)["error"]
    assert (error["type"], error["exitCode"]) == ("UnforeseenError", 70)
    assert error["message"] == "internal error: RuntimeError: mistake"


def test_interrupt_ends_with_130(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control-C ends with 130 and without a traceback."""

    def fail() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("notarykit.cli.commands.key.load_signing_keys", fail)
    assert world.refused(130, "key", "list") == "interrupted"


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "command", [("version",), ("key", "list"), ("help",), ("policy", "show")], ids=lambda each: each[0]
)
def test_full_standard_output_ends_with_3(world: World, command: tuple[str, ...], buffered: str) -> None:
    """Output that cannot be written ends with 3 and one line, whenever the failure occurs."""
    environment = world.home.environment(PYTHONUNBUFFERED=buffered)
    with open("/dev/full", "wb") as full:
        run = [sys.executable, "-m", "notarykit.cli", *command]
        done = subprocess.run(run, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert error_of(done.stderr) == "standard output cannot be written: No space left on device"


def test_broken_pipe_ends_with_141(world: World) -> None:
    """A closed pipe ends the command without a message, as for other programs."""
    for number in range(300):
        add_artifact("hello", f"tag{number}")
    read, write = os.pipe()
    os.close(read)
    for command in (("help",), ("version",), ("completion", "bash")):
        run = [sys.executable, "-m", "notarykit.cli", *command]
        done = subprocess.run(
            run, env=world.home.environment(), stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (141, "")
    os.close(write)


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_streams_are_tolerated(world: World, closed: int) -> None:
    """Streams closed by the caller do not change the outcome."""
    world.sign()
    for command in (("version",), ("key", "list"), (*VERIFY, world.reference), ("policy", "show")):
        run = ["sh", "-c", f'exec "$@" {closed}>&-', "sh", sys.executable, "-m", "notarykit.cli", *command]
        done = subprocess.run(run, env=world.home.environment(), input="", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def _unwritable(kind: str) -> int:
    """A descriptor for writing that takes nothing."""
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    read, write = os.pipe()
    if kind == "not for writing":
        os.close(write)
        return read
    os.close(read)
    return write


@pytest.mark.parametrize("kind", ["full", "broken pipe", "not for writing"])
@pytest.mark.parametrize("flags", [(), ("-v",), ("-d",)], ids=["plain", "verbose", "debug"])
def test_full_standard_error_has_no_effect(world: World, kind: str, flags: tuple[str, ...]) -> None:
    """A full standard error changes neither exit code nor output."""
    world.sign()
    (world.home.store() / "README").write_text("a warning")
    unsigned = make_layout(world.folder / "unsigned", "v2")
    for reference, code in ((world.reference, 0), (f"unsigned@{unsigned.digest}", 1), ("none@sha256:" + "0" * 64, 3)):
        error = _unwritable(kind)
        command = [sys.executable, "-m", "notarykit.cli", *VERIFY, *flags, reference]
        done = subprocess.run(
            command, env=world.home.environment(), stdout=subprocess.PIPE, stderr=error, text=True, check=False
        )
        os.close(error)
        assert (done.returncode, bool(done.stdout)) == (code, code == 0)


@pytest.mark.parametrize(("kind", "code"), [("full", 3), ("broken pipe", 141), ("not for writing", 3)])
@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_verdict_outweighs_full_standard_output(world: World, kind: str, code: int, buffered: str) -> None:
    """Every reference is verified, and that one of them was not accepted comes before output that is lost."""
    world.sign()
    unsigned = make_layout(world.folder / "unsigned", "v2")
    for references, expected in (
        ([world.reference], code),
        ([world.reference, f"unsigned@{unsigned.digest}"], 1),
        ([world.reference, "none@sha256:" + "0" * 64], 3),
    ):
        output = _unwritable(kind)
        done = subprocess.run(
            [sys.executable, "-m", "notarykit.cli", *VERIFY, *references],
            env=world.home.environment(PYTHONUNBUFFERED=buffered),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        os.close(output)
        assert done.returncode == expected
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr
        if len(references) > 1:
            assert f"Error: {references[1]}" in done.stderr or f"failed for {references[1]}" in done.stderr


def test_slow_reader_gets_all_output(world: World) -> None:
    """A non-blocking pipe is waited for, and all output arrives."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)  # less than what is printed at once
    command = [sys.executable, "-m", "notarykit.cli", "completion", "bash"]
    wanted = world.did("completion", "bash")
    with subprocess.Popen(
        ["sh", "-c", 'for each in $(seq 4); do "$@" || exit $?; done', "sh", *command],
        env=world.home.environment(),
        stdout=write,
        stderr=write,
    ) as process:
        os.close(write)
        with os.fdopen(read, "rb") as reader:
            assert reader.read() == wanted.encode() * 4
        assert process.wait(60) == 0


def test_bytes_that_are_not_text_decline(world: World) -> None:
    """Bytes that are no text are no yes."""
    done = world.process(
        "certificate", "delete", "-t", "ca", "-s", "tests", "root0.pem", stdin=b"\xffy\n", LC_ALL="C.UTF-8"
    )
    assert (done.code, done.err) == (0, "")
    assert (world.home.store() / "root0.pem").exists()


def _at_a_terminal(
    world: World, typed: bytes, *arguments: str, question: bytes = b"Passphrase of the key build: ", **variables: str
) -> tuple[int, str]:
    """Runs a command (`sign`) at a terminal of its own and answers a question; returns its code and what was shown."""
    ours, theirs = pty.openpty()
    arguments = arguments or ("sign", "--oci-layout", world.reference)
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    environment = world.home.environment(**variables)
    child = subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    try:
        while question not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, typed)
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # how Linux says that the other end was closed
        pass
    finally:
        os.close(ours)
        code = child.wait()
    return code, shown.decode()


def test_passphrase_is_prompted_for(world: World) -> None:
    """The passphrase is not echoed; a wrong or empty one ends with 4."""
    (world.home.folder / "build.key").write_bytes(pem_of(world.chain.leaf_key, b"secret"))
    code, shown = _at_a_terminal(world, b"secret\n")
    assert code == 0
    assert f"Successfully signed {world.reference}" in shown
    assert "secret" not in shown
    code, shown = _at_a_terminal(world, b"wrong\n")
    assert code == 4
    assert "the passphrase is wrong" in shown
    code, shown = _at_a_terminal(world, b"\x04")
    assert code == 4
    assert "Error: no passphrase entered" in shown


@pytest.mark.parametrize("flags", [[], ["--username", "me"]], ids=["name", "password"])
def test_end_of_input_at_the_prompt(world: World, flags: list[str]) -> None:
    """The end of the input in place of a name or a password ends with 2 and the flags to use."""
    helper = world.folder / "docker-credential-mine"
    helper.write_text("#!/bin/sh\nexit 1\n")
    helper.chmod(0o755)
    (world.home.folder / "config.json").write_text('{"credsStore": "mine"}')
    question = b"Password: " if flags else b"Username: "
    path = f"{world.folder}{os.pathsep}{os.environ['PATH']}"
    code, shown = _at_a_terminal(world, b"\x04", "login", *flags, "localhost:1", question=question, PATH=path)
    assert code == 2, shown
    assert shown.endswith("Error: no input at the prompt: use --username and --password-stdin\r\n")


def test_credentials_are_not_inherited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry's credentials are not in the environment any more when a command runs."""
    seen: list[str | None] = []
    monkeypatch.setattr(
        "notarykit.cli.commands.key.load_signing_keys", lambda: seen.append(os.environ.get("NOTATION_PASSWORD"))
    )
    monkeypatch.setenv("NOTATION_PASSWORD", "secret")
    monkeypatch.setenv("NOTATION_USERNAME", "me")
    world.run("key", "list")
    assert seen == [None]


def test_traceback_hides_texts_of_plugin_errors() -> None:
    """Errors of an SDK appear in the traceback by place and class, without their texts."""

    def call() -> None:
        raise ValueError("token=secret")

    with pytest.raises(PluginError) as caught:
        ask(Command.GENERATE_SIGNATURE, call, 5)
    lines = traceback_of(ExtendedValidationError("not accepted").with_traceback(None))
    assert lines == ["Traceback (most recent call last):", "notarykit.errors.ExtendedValidationError: not accepted"]
    text = "\n".join(traceback_of(caught.value))
    assert "builtins.ValueError: (its text is not shown)\n\nTraceback" in text
    assert "in call\n" in text
    assert text.endswith("PluginError: generate-signature: the plugin failed with ValueError")
    assert "token=secret" not in text.replace('raise ValueError("token=secret")', "")


def test_debug_of_several_references_hides_texts_of_plugin_errors(world: World) -> None:
    """`sign --debug` prints the class of an SDK's error, without its text."""
    source = signing_plugin("bad", "raise RuntimeError('sword' + 'fish')")
    path = str(add_distribution(world.folder / "site", "bad-dist", "bad", source))
    command = ("sign", "--debug", "--oci-layout", "--plugin", "bad", "--id", "1", world.reference, world.reference)
    done = world.process(*command, PYTHONPATH=path)
    assert done.code == 4
    assert done.err.count("builtins.RuntimeError: (its text is not shown)") == 1
    assert "swordfish" not in done.err
