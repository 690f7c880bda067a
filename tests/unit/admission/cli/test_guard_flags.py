"""Flags for who comes through the doors."""

import pytest

from notarykit_admission.cli.flags import parse
from notarykit_admission.program.settings import ALL_GUARDED, GUARDED_BY_DEFAULT

_NEEDED = ("--policy", "p", "--certificate", "c", "--key", "k")


def test_guarded_doors() -> None:
    """With client CAs Gatekeeper's doors are guarded, and all if that is said."""
    assert parse([*_NEEDED, "--client-ca", "ca"]).settings.guarded == GUARDED_BY_DEFAULT
    assert parse([*_NEEDED, "--client-ca", "ca", "--guard-all"]).settings.guarded == ALL_GUARDED


def test_nobody_could_come_in(capsys: pytest.CaptureFixture[str]) -> None:
    """Doors that nobody can open are a mistake."""
    with pytest.raises(SystemExit):
        parse([*_NEEDED, "--guard-all"])
    assert "--guard-all needs a --client-ca" in capsys.readouterr().err
