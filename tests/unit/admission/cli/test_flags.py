"""Flags of the command line."""

import re

import pytest

from notarykit_admission.cli.flags import parse
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.limits import DEFAULT_LIMITS
from notarykit_admission.server.tls import TLSFiles

_NEEDED = ("--policy", "/p", "--certificate", "/c", "--key", "/k")


def test_defaults() -> None:
    """What is not given is as the settings have it."""
    settings, only_check = parse(_NEEDED)
    assert settings == Settings("/p", TLSFiles("/c", "/k"))
    assert only_check is False


def test_every_flag() -> None:
    """Each flag is a setting."""
    flags = {
        "--client-ca": "/ca",
        "--address": "::",
        "--port": "0",
        "--drain": "0",
        "--max-connections": "1",
        "--max-reviews": "2",
        "--max-images": "3",
        "--max-body": "4",
        "--max-decisions": "5",
        "--request-time": "6.5",
    }
    given = [text for pair in flags.items() for text in pair]
    settings, _ = parse((*_NEEDED, *given, "--client-ca", "/other"))
    limits = DEFAULT_LIMITS._replace(connections=1, reviews=2, body=4, head_seconds=6.5, body_seconds=6.5)
    assert settings == Settings(
        "/p", TLSFiles("/c", "/k", ("/ca", "/other")), "::", 0, 0, limits=limits, most_images=3, most_decisions=5
    )


def test_one_body_of_the_largest_size_fits() -> None:
    """One client's share of all bodies is enough for a body of the largest size."""
    limits = parse((*_NEEDED, "--max-body", "1000000000"))[0].limits
    assert limits.bodies * limits.share >= 1_000_000_000


def test_check_needs_only_a_policy() -> None:
    """A policy can be checked without a certificate."""
    settings, only_check = parse(("--check", "--policy", "/p"))
    assert only_check is True
    assert settings.policy == "/p"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "required: --policy"),
        (("--policy", "/p"), "--certificate and --key are needed to serve; with --check, --policy is enough"),
        (("--check", "--policy", "/p", "--key", "/k"), "--certificate and --key go together"),
        (("--check", "--policy", "/p", "--client-ca", "/k"), "--certificate and --key go together"),
        ((*_NEEDED, "--port", "65536"), "'65536' is not a port: give a number from 0 to 65535"),
        ((*_NEEDED, "--port", "-1"), "--port"),
        ((*_NEEDED, "--max-images", "0"), "'0' is not a number of 1 or more"),
        ((*_NEEDED, "--max-body", "7M"), "'7M' is not a number of 1 or more"),
        ((*_NEEDED, "--drain", "nan"), "'nan' is not a number of seconds from 0 to 3600"),
        ((*_NEEDED, "--drain", "inf"), "'inf' is not a number of seconds from 0 to 3600"),
        ((*_NEEDED, "--drain", "soon"), "'soon' is not a number of seconds from 0 to 3600"),
        ((*_NEEDED, "--request-time", "0"), "give more than 0 seconds"),
        ((*_NEEDED, "--pol", "/p"), "unrecognized arguments: --pol"),
    ],
)
def test_wrong_flags(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is said, and the exit code is that of a usage error."""
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is printed, with the library's, which decides."""
    with pytest.raises(SystemExit) as ended:
        parse(("--version",))
    assert ended.value.code == 0
    assert re.fullmatch(r"notarykit-admission \d+\.\d+\.\d+ \(notarykit \d+\.\d+\.\d+\)\n", capsys.readouterr().out)


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names each path, each flag with its default, examples, signals and exit codes."""
    with pytest.raises(SystemExit) as ended:
        parse(("--help",))
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for word in ("/gatekeeper/verify", "/v1/verify", "/metrics", "(8443)", "examples:", "SIGHUP", "exit codes:"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 120
