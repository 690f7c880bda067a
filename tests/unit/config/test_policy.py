"""The trust policy file: which one counts, and what it must be."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.config.policy import ARTIFACT_POLICY, BLOB_POLICY, load_blob_policy, load_policy
from notarykit.errors import NotarykitWarning, TrustPolicyError
from tests.support.homes import policy_document

_CURRENT, _OLDER, _BLOB = "trustpolicy.oci.json", "trustpolicy.json", "trustpolicy.blob.json"


def _write(home: Path, name: str, level: str = "strict") -> Path:
    home.mkdir(exist_ok=True)
    path = home / name
    path.write_text(json.dumps(policy_document(level=level)))
    return path


@pytest.mark.parametrize("name", [_CURRENT, _OLDER])
def test_either_file_is_the_policy(name: str, home: Path) -> None:
    """Either name is read where it is the only one, without a warning."""
    path = _write(home, name, "audit")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ARTIFACT_POLICY.path() == ARTIFACT_POLICY.new_path() == str(path)
        assert ARTIFACT_POLICY.read() == (str(path), path.read_bytes())
        assert load_policy().policies[0].level.name == "audit"


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


@pytest.mark.parametrize("name", [_CURRENT, _OLDER])
def test_other_than_regular_file_is_refused(name: str, home: Path) -> None:
    """A link to a good policy, a folder and a pipe are refused under both names."""
    real = _write(home, "real.json")
    path = home / name
    forms: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: path.symlink_to(real), path.unlink),
        (path.mkdir, path.rmdir),
        (lambda: os.mkfifo(path), path.unlink),
    ]
    for make, remove in forms:
        make()
        with pytest.raises(TrustPolicyError, match=f"^trust policy {path} is not a regular file$") as caught:
            load_policy()
        assert caught.value.advice == "links are not followed"
        remove()


def test_malformed_policy_has_advice(home: Path) -> None:
    """The error of a malformed policy has the file's path and advice."""
    path = _write(home, _OLDER)
    path.write_text('{"version":"2.0","trustPolicies":[]}')
    with pytest.raises(TrustPolicyError) as caught:
        load_policy()
    message = f"trust policy {path} is malformed: version '2.0' is not supported; it must be '1.0'"
    assert caught.value.message == message
    assert "policy import --force" in caught.value.advice


def test_unreadable_policy_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that may not be read, or is gone by then, is refused with the system's reason."""
    _write(home, _OLDER)

    def lstat(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("notarykit.config.policy.os.path.lexists", lambda path: path.endswith(_OLDER))
    monkeypatch.setattr("notarykit.config.policy.os.lstat", lstat)
    with pytest.raises(TrustPolicyError, match=r"^trust policy cannot be read: .*Permission denied") as caught:
        load_policy()
    assert caught.value.advice == "check its owner and its mode"


def test_too_large_policy_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is read up to the limit."""
    path = _write(home, _OLDER)
    monkeypatch.setattr("notarykit.config.policy.LARGEST_POLICY", path.stat().st_size)
    assert load_policy()
    monkeypatch.setattr("notarykit.config.policy.LARGEST_POLICY", path.stat().st_size - 1)
    with pytest.raises(TrustPolicyError, match="is larger than"):
        load_policy()


def test_blob_policy_has_a_file_of_its_own(home: Path) -> None:
    """The policy for blobs is read from its own file, and never from that for artifacts."""
    _write(home, _CURRENT)
    with pytest.raises(TrustPolicyError) as caught:
        load_blob_policy()
    assert caught.value.message == f"no blob trust policy: {home / _BLOB} does not exist"
    assert "'notarykit blob policy init'" in caught.value.advice
    document = policy_document(level="audit")
    del document["trustPolicies"][0]["registryScopes"]
    (home / _BLOB).write_text(json.dumps(document))
    assert load_blob_policy().policies[0].level.name == "audit"
    assert BLOB_POLICY.path() == BLOB_POLICY.new_path() == str(home / _BLOB)
    assert load_policy().policies[0].level.name == "strict"
