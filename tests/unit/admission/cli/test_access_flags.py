"""Flags for registries and pull secrets."""

import pytest

from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.cli.flags import parse

_NEEDED = ("--policy", "p", "--certificate", "c", "--key", "k")


def _access(*flags: str) -> AccessSettings:
    return parse([*_NEEDED, *flags]).settings.access


def test_nothing_is_read_by_default() -> None:
    """Without flags, the user's own files count and no pull secrets are read."""
    assert _access() == AccessSettings()
    assert not _access().pull_secrets


def test_all_flags() -> None:
    """Each flag is a setting."""
    found = _access(
        *("--docker-config", "d", "--registry-ca", "ca", "--plain-http", "a.test", "--plain-http", "b.test:80"),
        *("--registry-timeout", "7.5", "--pull-secrets", "--kubeconfig", "kube"),
    )
    assert found == AccessSettings("d", "ca", ("a.test", "b.test:80"), 7.5, pull_secrets=True, kubeconfig="kube")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--registry-timeout", "0"), "give more than 0 seconds"),
        (("--registry-timeout", "nan"), "'nan' is not a number of seconds"),
        (("--registry-timeout", "soon"), "'soon' is not a number of seconds"),
        (("--plain-http", "http://a.test"), "'http://a.test' is no host as in references"),
        (("--kubeconfig", "kube"), "--kubeconfig is for --pull-secrets, which is missing"),
    ],
)
def test_refused_flags(flags: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A value that could not do what it is meant for ends the program."""
    with pytest.raises(SystemExit):
        _access(*flags)
    assert message in capsys.readouterr().err
