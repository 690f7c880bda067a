"""The signature vectors: every case ends as it must, and the program that runs them says so."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import NotarykitError
from notarykit.explanation.artifact import explain_envelope
from notarykit.oci.reference import parse_reference
from notarykit.verification.verdict import Audited, Verdict, Verified
from tests.conformance import vectors as program

_FOLDER = Path(__file__).parent / "vectors"
_VECTORS = program.read_vectors(str(_FOLDER))
_CASES = _VECTORS.cases
_VALIDATIONS = ("integrity", "authenticity", "authenticTimestamp", "expiry", "revocation")


def _params(cases: Iterable[dict[str, Any]]) -> list[Any]:
    """The cases as parameters, by their numbers."""
    return [pytest.param(case, id=case["id"]) for case in cases]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, program.__file__, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def _copy(folder: Path, count: int) -> dict[str, Any]:
    """Copies the vectors and returns the document of the first cases."""
    shutil.copytree(_FOLDER, folder)
    document: dict[str, Any] = json.loads((folder / "cases.json").read_bytes())
    document["cases"] = document["cases"][:count]
    return document


@pytest.mark.parametrize("case", _params(_CASES))
def test_case_has_the_required_outcome(case: dict[str, Any]) -> None:
    """A case is accepted or rejected as required."""
    outcome = program.outcome_of(case, _VECTORS)
    assert program.is_as_required(case, outcome), f"{case['what']}: {outcome}"


@pytest.mark.parametrize("case", _params(case for case in _CASES if case["expect"]["parse"] != "ok"))
def test_envelope_unreadable_to_the_reference_is_refused(case: dict[str, Any]) -> None:
    """An envelope that is malformed for the Go libraries has no integrity here under any policy."""
    with pytest.raises(NotarykitError):
        check_integrity(parse_envelope((_FOLDER / case["envelope"]).read_bytes(), case["mediaType"]))


def _is_agreed_success(case: dict[str, Any]) -> bool:
    return bool(case["expect"]["must"] == "accept" and case["expect"]["accepted"] and case["expect"].get("results"))


@pytest.mark.parametrize("case", _params(filter(_is_agreed_success, _CASES)))
def test_each_validation_matches_the_reference(case: dict[str, Any]) -> None:
    """For a signature that both accept, each validation has the action and outcome of the Go libraries."""
    verdict = program.verify_case(case, _VECTORS)
    assert isinstance(verdict, Verified | Audited)
    words = {"passed": "pass", "failed": "fail", "skipped": "skip"}
    found = {result.step: f"{result.action}:{words[result.outcome]}" for result in verdict.results}
    wanted = {name: case["expect"]["results"].get(name, "skip:skip") for name in _VALIDATIONS}
    assert {name: found[name] for name in _VALIDATIONS} == wanted  # type: ignore[index]


@pytest.mark.parametrize("case", _params(_CASES))
def test_explanation_has_the_outcome_of_the_verification(case: dict[str, Any]) -> None:
    """What is explained of a signature is its very verdict: kind, statement, level, error, and each step's result."""
    assert _comparable(_outcome(lambda: _explained(case))) == _comparable(
        _outcome(lambda: program.verify_case(case, _VECTORS))
    )


def _explained(case: dict[str, Any]) -> Verdict | NotarykitError | None:
    scope, request = parse_reference(case["reference"]).scope, program.request_of(case, _VECTORS)
    outcome = explain_envelope(program.verifier_of(case, _VECTORS), scope, request).outcome
    return outcome if outcome is None or isinstance(outcome, NotarykitError) else outcome.verdict


def _outcome(call: Callable[[], Verdict | NotarykitError | None]) -> Verdict | NotarykitError | None:
    """What comes of a call; the policies of some cases are refused before anything else."""
    try:
        return call()
    except NotarykitError as error:
        return error


def _comparable(outcome: Verdict | NotarykitError | None) -> Any:
    """All that an outcome says, without what compares by identity."""
    results = [(*each._replace(error=None), str(each.error)) for each in getattr(outcome, "results", ())]
    if isinstance(outcome, NotarykitError):
        return type(outcome), outcome.to_json(), results, getattr(outcome, "policy", ""), getattr(outcome, "level", "")
    assert outcome is not None
    target = getattr(outcome, "target", None) or getattr(outcome, "untrusted_target", None)
    return type(outcome), outcome.policy, getattr(outcome, "level", ""), target, results


def test_program_counts_all_cases() -> None:
    """The program lists no failed case, counts all of them last, and exits with 0."""
    result = _run(str(_FOLDER))
    count = len(_CASES)
    assert (result.stdout, result.stderr, result.returncode) == (f"{count} of {count} as required\n", "", 0)


@pytest.mark.parametrize(("place", "must", "did"), [(0, "reject", "accept"), (40, "accept", "reject")])
def test_program_lists_a_failed_case(place: int, must: str, did: str, tmp_path: Path) -> None:
    """A case with the opposite requirement is listed with its outcome, and the program exits with 1."""
    document = _copy(tmp_path / "vectors", 42)
    case = document["cases"][place]
    case["expect"]["must"] = must
    (tmp_path / "vectors" / "cases.json").write_text(json.dumps(document))
    result = _run(str(tmp_path / "vectors"))
    first, last = result.stdout.splitlines()
    assert first.startswith(f"{case['id']} {case['what']}: must {must}, did {did}: ")
    assert (last, result.returncode) == ("41 of 42 as required", 1)


def test_either_outcome_never_fails(tmp_path: Path) -> None:
    """A case that may go either way never fails."""
    document = _copy(tmp_path / "vectors", 42)
    for case in document["cases"]:
        case["expect"]["must"] = "either"
    (tmp_path / "vectors" / "cases.json").write_text(json.dumps(document))
    result = _run(str(tmp_path / "vectors"))
    assert (result.stdout, result.returncode) == ("42 of 42 as required\n", 0)


def test_crash_is_no_rejection(tmp_path: Path) -> None:
    """A case that must be rejected fails if it ends in an unexpected error, here of a missing file."""
    document = _copy(tmp_path / "vectors", 42)
    (tmp_path / "vectors" / document["cases"][40]["envelope"]).unlink()
    (tmp_path / "vectors" / "cases.json").write_text(json.dumps(document))
    result = _run(str(tmp_path / "vectors"))
    assert "must reject, did crash: FileNotFoundError" in result.stdout
    assert result.returncode == 1


def test_program_without_a_folder_shows_its_usage() -> None:
    """Without a folder the program says how it is used."""
    result = _run()
    assert (result.stdout, result.stderr, result.returncode) == ("", "usage: vectors.py FOLDER\n", 2)
