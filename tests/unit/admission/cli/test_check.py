"""Check of the files without serving."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from notarykit_admission.cli import main
from tests.unit.admission.policy.setups import files as policy_files
from tests.unit.admission.policy.volumes import write_files
from tests.unit.admission.server.serving import make_files


@pytest.fixture(autouse=True)
def _settings_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own settings for registries are none of a test's."""
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))


def _policy(folder: Path, files: Mapping[str, bytes] | None = None) -> tuple[str, str]:
    return "--policy", str(write_files(folder / "policy", policy_files() if files is None else files))


def test_good_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that can be used are said to be good, with what they say."""
    rules = b'{"version": "1", "default": {"mode": "audit"}, "namespaces": {"shop": {"mode": "enforce"}}}'
    tls = make_files(tmp_path / "tls").tls
    policy = _policy(tmp_path, policy_files(**{"rules.json": rules}))
    assert main(["--check", *policy, "--certificate", tls.certificate, "--key", tls.key]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["policy", "TLS", "registries"]
    assert "good: trustpolicy.json; audit by default, rules of namespaces: 1" in lines[0]
    assert "good: the certificate ends at 20" in lines[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trustpolicy.json": b"{"}, "policy: wrong: trust policy trustpolicy.json"),
        ({"rules.json": b'{"version": "2"}'}, "policy: wrong: the file rules.json is malformed"),
        ({"truststore/x509/ca/acme/root.pem": b""}, "policy: wrong: truststore/x509/ca/acme/root.pem: "),
    ],
)
def test_policy_that_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, bytes], message: str
) -> None:
    """What is wrong with the policy is said, and the check fails."""
    assert main(["--check", *_policy(tmp_path, policy_files(**changes))]) == 1
    assert capsys.readouterr().out.startswith(message)


def test_emptied_trust_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trust store without certificates is said with the place where its root belongs."""
    policy = _policy(tmp_path, {"trustpolicy.json": policy_files()["trustpolicy.json"]})
    assert main(["--check", *policy]) == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line.endswith("put its root into truststore/x509/ca/acme")


def test_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is doubtful has a line of its own, without a place in the program's code, and counts."""
    document = policy_files()["trustpolicy.json"].replace(b'"version"', b'"versions": 1, "version"', 1)
    assert main(["--check", *_policy(tmp_path, policy_files(**{"trustpolicy.json": document}))]) == 0
    written = capsys.readouterr()
    assert written.out.startswith(
        "policy: warning: trust policy trustpolicy.json: document: member 'versions' is not known\npolicy: good: "
    )
    assert written.err == ""


def test_all_that_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One broken part does not hide another."""
    expired = make_files(tmp_path / "tls").ca.server(expired=True)
    policy = _policy(tmp_path, {"other.json": b""})
    assert main(["--check", *policy, "--certificate", expired.certificate, "--key", expired.key]) == 1
    policy_line, tls_line, _ = capsys.readouterr().out.splitlines()
    assert policy_line == "policy: wrong: the policy folder has no file trustpolicy.json"
    assert tls_line.startswith("TLS: wrong: the certificate ended at 20")
    assert tls_line.endswith(": renew it")


def test_missing_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is missing is named, with what to do."""
    none = str(tmp_path / "none.pem")
    assert main(["--check", *_policy(tmp_path), "--certificate", none, "--key", none]) == 1
    line = capsys.readouterr().out.splitlines()[1]
    assert line == (
        f"TLS: wrong: {none} cannot be read: No such file or directory:"
        " mount the Secret that has it, or correct the path"
    )
