"""The trust policy files: which one counts, and what they must be."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.config.policy import ARTIFACT_POLICY, BLOB_POLICY, load_blob_policy, load_policy
from notarykit.errors import NotarykitWarning, TrustPolicyError
from tests.support.homes import blob_policy_document, policy_document

_CURRENT, _OLDER, _BLOB = "trustpolicy.oci.json", "trustpolicy.json", "trustpolicy.blob.json"


_LOADS = {_CURRENT: load_policy, _OLDER: load_policy, _BLOB: load_blob_policy}
_KINDS = {_CURRENT: "trust policy", _OLDER: "trust policy", _BLOB: "blob trust policy"}
_EVERY_FILE = pytest.mark.parametrize("name", _LOADS)


def _write(home: Path, name: str, level: str = "strict") -> Path:
    home.mkdir(exist_ok=True)
    path = home / name
    make = blob_policy_document if name == _BLOB else policy_document
    path.write_text(json.dumps(make(level=level)))
    return path


@pytest.mark.requirement("trust:policy-files")
@pytest.mark.parametrize("name", [_CURRENT, _OLDER])
def test_either_file_is_the_policy(name: str, home: Path) -> None:
    """Either name is read where it is the only one, without a warning."""
    path = _write(home, name, "audit")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ARTIFACT_POLICY.path() == ARTIFACT_POLICY.new_path() == str(path)
        assert ARTIFACT_POLICY.read() == (str(path), path.read_bytes())
        assert load_policy().policies[0].level.name == "audit"


@pytest.mark.requirement("trust:policy-files")
def test_oci_file_takes_precedence_with_a_warning(home: Path) -> None:
    """The OCI file takes precedence, with a warning that the other is not used."""
    current, older = _write(home, _CURRENT, "audit"), _write(home, _OLDER)
    with pytest.warns(NotarykitWarning) as caught:
        assert load_policy().policies[0].level.name == "audit"
    assert [str(each.message) for each in caught] == [f"{current} is used and {older} is not: keep one of them"]


def test_malformed_file_does_not_select_the_older(home: Path) -> None:
    """The older name is read where the current one is absent, and not where it is malformed or a link to nothing."""
    _write(home, _OLDER)
    current = home / _CURRENT
    current.write_text("{")
    with pytest.warns(NotarykitWarning), pytest.raises(TrustPolicyError, match=f"trust policy {current} is malformed"):
        load_policy()
    current.unlink()
    current.symlink_to(home / "nothing")
    with pytest.warns(NotarykitWarning), pytest.raises(TrustPolicyError, match=f"{current} is not a regular file"):
        load_policy()


def test_missing_policy_is_refused(home: Path) -> None:
    """Without a policy both names are said, and a new one gets the name that every notation reads."""
    assert ARTIFACT_POLICY.path() is None
    assert ARTIFACT_POLICY.new_path() == str(home / _OLDER)
    with pytest.raises(TrustPolicyError) as caught:
        load_policy()
    assert caught.value.message == f"no trust policy: neither {home / _CURRENT} nor {home / _OLDER} exists"
    assert "policy import" in caught.value.advice
    assert caught.value.exit_code == 2


@_EVERY_FILE
def test_other_than_regular_file_is_refused(name: str, home: Path) -> None:
    """A link to a good policy, a folder and a pipe are refused under every name."""
    path = _write(home, name)
    real = path.rename(home / "real.json")
    forms: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: path.symlink_to(real), path.unlink),
        (path.mkdir, path.rmdir),
        (lambda: os.mkfifo(path), path.unlink),
    ]
    for make, remove in forms:
        make()
        with pytest.raises(TrustPolicyError, match=f"^{_KINDS[name]} {path} is not a regular file$") as caught:
            _LOADS[name]()
        assert caught.value.advice == "links are not followed"
        remove()


@_EVERY_FILE
def test_malformed_policy_has_advice(name: str, home: Path) -> None:
    """The error of a malformed policy has the file's path and the command that imports another."""
    path = _write(home, name)
    path.write_text('{"version":"2.0","trustPolicies":[]}')
    with pytest.raises(TrustPolicyError) as caught:
        _LOADS[name]()
    versions = "'1.0'" if name == _BLOB else "'1.0' or 'notarykit/1'"
    message = f"{_KINDS[name]} {path} is malformed: version '2.0' is not supported; it must be {versions}"
    assert caught.value.message == message
    group = "blob policy" if name == _BLOB else "policy"
    assert f"'notarykit {group} import --force FILE'" in caught.value.advice


@_EVERY_FILE
def test_unreadable_policy_is_refused(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that may not be read, or is gone by then, is refused with the system's reason."""
    _write(home, name)

    def lstat(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("notarykit.config.policy.os.path.lexists", lambda path: path.endswith(name))
    monkeypatch.setattr("notarykit.config.policy.os.lstat", lstat)
    with pytest.raises(TrustPolicyError, match=f"^{_KINDS[name]} cannot be read: .*Permission denied") as caught:
        _LOADS[name]()
    assert caught.value.advice == "check its owner and its mode"


@_EVERY_FILE
def test_too_large_policy_is_refused(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is read up to the limit."""
    path = _write(home, name)
    monkeypatch.setattr("notarykit.config.policy.LARGEST_POLICY", path.stat().st_size)
    assert _LOADS[name]()
    monkeypatch.setattr("notarykit.config.policy.LARGEST_POLICY", path.stat().st_size - 1)
    with pytest.raises(TrustPolicyError, match="is larger than"):
        _LOADS[name]()


@_EVERY_FILE
def test_policy_that_others_can_write_brings_a_warning(name: str, home: Path) -> None:
    """Who can write the policy decides whom to trust."""
    path = _write(home, name)
    path.chmod(0o666)
    with pytest.warns(NotarykitWarning, match=str(path)):
        _LOADS[name]()


@pytest.mark.requirement("trust:policy-files")
def test_blob_policy_has_a_file_of_its_own(home: Path) -> None:
    """The policy for blobs is read from its own file, and never from that for artifacts."""
    _write(home, _CURRENT)
    with pytest.raises(TrustPolicyError) as caught:
        load_blob_policy()
    assert caught.value.message == f"no blob trust policy: {home / _BLOB} does not exist"
    assert "'notarykit blob policy init'" in caught.value.advice
    _write(home, _BLOB, "audit")
    assert load_blob_policy().policies[0].level.name == "audit"
    assert BLOB_POLICY.path() == BLOB_POLICY.new_path() == str(home / _BLOB)
    assert load_policy().policies[0].level.name == "strict"
