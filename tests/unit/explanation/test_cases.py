"""Cases of a trust policy: tables of them, and what comes of each."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import StorageError, UsageError
from notarykit.explanation.cases import PolicyCase, read_policy_cases, try_policy_case
from notarykit.oci.reference import LayoutReference, Reference
from notarykit.oci.repository import Repository
from notarykit.verification.verifier import Verifier
from tests.support.envelopes import TARGET, sign_envelope
from tests.unit.verification.places import Place
from tests.unit.verification.setting import CHAIN, LEVELS, NOW, OTHER, SCOPE, STRANGER, document, forbidden, store

_REFERENCE = f"{SCOPE}@{TARGET['digest']}"
_GOOD, _STRANGERS = sign_envelope(CHAIN, now=NOW), sign_envelope(OTHER, now=NOW)


def _differences(case: PolicyCase, *signatures: bytes, level: str = "strict", **changes: Any) -> tuple[str, ...]:
    verifier = Verifier(document(level, **changes), store(), now=NOW, find_plugin=forbidden)
    return try_policy_case(verifier, case, lambda _: Place(*signatures)).differences


def _case(**expected: Any) -> PolicyCase:
    return PolicyCase("case", expected.pop("reference", _REFERENCE), **expected)


@pytest.mark.parametrize("level", [*LEVELS, "skip"])
def test_statement_and_level(level: str) -> None:
    """The statement and the level that are expected are compared with those that apply, and nothing is opened."""
    verifier = Verifier(document(level), store(), now=NOW)

    def opened(_: Reference | LayoutReference) -> Repository:
        pytest.fail("opened")

    for reference in (_REFERENCE, SCOPE):
        good = _case(reference=reference, statement="acme", level=level)
        assert try_policy_case(verifier, good, opened).is_as_expected
        bad = _case(reference=reference, statement="other", level="none")
        assert try_policy_case(verifier, bad, opened).differences == (
            "statement 'acme' applies, and not 'other'", f"the level is {level}, and not none",
        )  # fmt: skip


def test_no_statement() -> None:
    """That no statement applies can be expected, and is told where one is."""
    assert _differences(_case(reference="r.test/a", statement="")) == ()
    assert _differences(_case(reference="r.test/a", statement="acme")) == ("no statement applies, and not 'acme'",)
    assert _differences(_case(statement="")) == ("statement 'acme' applies, and not none",)
    absent = f"r.test/a@{TARGET['digest']}"
    assert _differences(_case(reference=absent, statement="", verdict="failed")) == ()
    (difference,) = _differences(_case(reference=absent, verdict="verified"))
    assert difference.startswith("the verdict is failed, and not verified: no trust policy applies to r.test/a")
    assert _differences(_case(reference="r.test/a", level="strict")) == ("the level is none, and not strict",)


@pytest.mark.parametrize(
    ("level", "signatures", "verdict"),
    [
        ("strict", (_GOOD,), "verified"),
        ("strict", (_STRANGERS, _GOOD), "verified"),
        ("strict", (_STRANGERS,), "failed"),
        ("strict", (), "failed"),
        ("audit", (_STRANGERS,), "audited"),
        ("skip", (), "skipped"),
    ],
)
def test_verdicts(level: str, signatures: tuple[bytes, ...], verdict: str) -> None:
    """Of the four verdicts the one that comes is as expected, and no other."""
    for expected in ("verified", "audited", "skipped", "failed"):
        differences = _differences(_case(verdict=expected), *signatures, level=level)
        assert bool(differences) == (expected != verdict)
        if differences:
            assert differences[0].startswith(f"the verdict is {verdict}, and not {expected}")


def test_step_that_fails() -> None:
    """The step by which signatures fail can be expected."""
    failed = _case(verdict="failed", step="authenticity")
    assert _differences(failed, _STRANGERS) == ()
    assert _differences(failed, _GOOD, identities=[STRANGER]) == ()
    other = failed._replace(step="expiry")
    assert _differences(other, _STRANGERS) == ("it fails by authenticity, and not by expiry",)
    assert _differences(failed) == ("it fails by no step, and not by authenticity",)
    metadata = _case(verdict="failed", step="userMetadata", user_metadata={"a": "b"})
    assert _differences(metadata, _GOOD) == ()


def test_repository_that_cannot_be_read() -> None:
    """Where there is no verdict at all, a failure is not what was expected."""

    def broken(_: Reference | LayoutReference) -> Repository:
        raise StorageError("no answer")

    verifier = Verifier(document(), store(), now=NOW)
    result = try_policy_case(verifier, _case(verdict="failed"), broken)
    assert result.differences == ("there is no verdict: no answer",)
    assert isinstance(result.error, StorageError)


def test_signature_in_a_file(tmp_path: Path) -> None:
    """A signature out of a file is verified in place of the artifact's own."""
    path = tmp_path / "a.jws.sig"
    path.write_bytes(_STRANGERS)
    assert _differences(_case(verdict="failed", step="authenticity", signature=str(path)), _GOOD) == ()
    (difference,) = _differences(_case(verdict="failed", signature=str(tmp_path / "absent.jws.sig")), _GOOD)
    assert difference.startswith("it cannot be tried: ")


def _read(tmp_path: Path, *cases: Any, name: str = "cases.json") -> tuple[PolicyCase, ...]:
    path = tmp_path / name
    path.write_text(json.dumps({"cases": list(cases)}))
    return read_policy_cases(str(path))


def test_tables_in_json_and_toml(tmp_path: Path) -> None:
    """Both forms hold the same cases; paths are relative to the table."""
    found = _read(
        tmp_path,
        {"reference": SCOPE, "statement": ""},
        {
            "name": "in a file", "reference": f"hello@{TARGET['digest']}", "layout": True, "scope": SCOPE,
            "verdict": "failed", "step": "expiry", "signature": "a.jws.sig", "userMetadata": {"a": "b"},
        },
    )  # fmt: skip
    (tmp_path / "cases.toml").write_text(
        f"""
        [[cases]]
        reference = "{SCOPE}"
        statement = ""

        [[cases]]
        name = "in a file"
        reference = "hello@{TARGET["digest"]}"
        layout = true
        scope = "{SCOPE}"
        verdict = "failed"
        step = "expiry"
        signature = "a.jws.sig"
        userMetadata = {{ a = "b" }}
        """
    )
    assert read_policy_cases(str(tmp_path / "cases.toml")) == found
    first, second = found
    assert first == PolicyCase(SCOPE, SCOPE, statement="")
    assert second.signature == str(tmp_path / "a.jws.sig")
    assert second.reference == f"{tmp_path}/hello@{TARGET['digest']}"


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ({"statement": "a"}, "case 1 has no member 'reference'"),
        ({"reference": SCOPE}, "expects nothing"),
        ({"reference": SCOPE, "statment": "a", "level": "strict"}, "unknown member 'statment'"),
        ({"reference": SCOPE, "statement": None}, "'statement' must be a string, not null"),
        ({"reference": SCOPE, "verdict": "failed"}, "has neither tag nor digest"),
        ({"reference": "hello", "statement": "a"}, "is malformed"),
        ({"reference": f"{SCOPE}/*", "statement": "a"}, "is malformed"),
        ({"reference": _REFERENCE, "verdict": "good"}, "verdict 'good' is not one of verified, audited"),
        ({"reference": SCOPE, "level": "custom"}, "level 'custom' is not one of strict"),
        ({"reference": _REFERENCE, "verdict": "failed", "step": "a"}, "step 'a' is not one of integrity"),
        ({"reference": _REFERENCE, "verdict": "verified", "step": "expiry"}, "'step' is for the verdict 'failed'"),
        ({"reference": SCOPE, "statement": "", "level": "strict"}, "without a statement there is no level"),
        ({"reference": _REFERENCE, "statement": "", "verdict": "verified"}, "without a statement there is no level"),
        ({"reference": SCOPE, "statement": "a", "signature": "b"}, "are for a case with a verdict"),
        ({"reference": SCOPE, "statement": "a", "scope": SCOPE}, "'scope' goes with 'layout' alone"),
        ({"reference": "hello:v1", "statement": "a", "layout": True}, "'layout' needs a 'scope'"),
        ({"reference": SCOPE, "statement": "a", "layout": "x"}, "'layout' must be a boolean"),
        ([], "case 1 must be an object"),
    ],
)
def test_malformed_cases(case: Any, problem: str, tmp_path: Path) -> None:
    """A case that expects nothing, or what cannot be, is refused before any is tried."""
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, case)
    assert "cases.json is malformed: " in caught.value.message
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b"", "not JSON"),
        ("a.json", b'{"cases": []}', "has 0 cases"),
        ("a.json", b'{"cases": [], "x": 1}', "unknown member 'x'"),
        ("a.toml", b"cases = ", "not TOML"),
        ("a.toml", b"\xff", "not TOML"),
        ("a.toml", b"cases = " + b"1" * 5000, "not TOML"),
        ("a.toml", b"cases = 0x" + b"f" * 5000, "not TOML"),
        ("a.toml", b"cases" + b".a" * 5000 + b" = 1", "not TOML"),
        ("a.toml", b"cases = [2020-01-01]", "a value of type date is none of a case"),
        ("a.toml", b"cases = [nan]", "NaN is not JSON"),
        ("a.TOML", b"a = 1", "unknown member 'a'"),
    ],
)
def test_malformed_tables(name: str, content: bytes, problem: str, tmp_path: Path) -> None:
    """What is no table is refused, in either form."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_policy_cases(str(tmp_path / name))
    assert problem in caught.value.message


def test_table_that_is_not_there(tmp_path: Path) -> None:
    """A missing file and a folder have an error each."""
    with pytest.raises(UsageError, match="does not exist"):
        read_policy_cases(str(tmp_path / "absent.json"))
    with pytest.raises(UsageError, match="not a regular file"):
        read_policy_cases(str(tmp_path))
