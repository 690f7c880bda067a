"""Mutants of verify-signature."""

import functools
from collections.abc import Callable, Iterator

from tests.kit.mutant import CHECKS, Mutant
from tests.kit.reference import VERIFIER
from tests.kit.wrong import (
    VERIFY,
    Members,
    answering,
    giving,
    refusing,
)
from tests.support.envelopes import ABSENT, changed


def about_verification() -> Iterator[Mutant]:
    """Yields the mutants about verification."""

    def mutant(rule: str, face: str, change: Callable[[Members], object]) -> Mutant:
        mutation = answering(
            VERIFY, lambda answer, _: changed(answer, {"verificationResults": change(answer["verificationResults"])})
        )
        return Mutant(f"verify-signature.{rule}", face, VERIFIER, mutation)

    failed = {"success": False, "reason": "x"}
    for name in CHECKS:
        for face, result in (
            ("is missing", ABSENT),
            ("is a text", "passed"),
            ("has no success", {"reason": "x"}),
            ("is true, a text", {"success": "true"}),
        ):
            yield mutant("results", f"{name} {face}", functools.partial(_with_result, name, result))
    yield mutant("results", "one more", lambda results: results | {"SIGNATURE_VERIFIER.EXPIRY": failed})
    yield mutant("results", "none", lambda _: {})
    yield mutant("results", "a list", lambda _: [failed, failed])
    yield mutant("results", "absent", lambda _: ABSENT)
    fails = refusing(lambda command, _: command == VERIFY, "ERROR")
    yield Mutant("verify-signature.results", "fails", VERIFIER, fails)
    for name in CHECKS:
        for face, result in (
            ("absent", {"success": False}),
            ("empty", {"success": False, "reason": ""}),
            ("null", {"success": False, "reason": None}),
            ("a number", {"success": False, "reason": 5}),
        ):
            yield mutant("reason", f"{name}: {face}", functools.partial(_with_result, name, result))
    for face, value in (
        ("another", ["com.example.another"]),
        ("another besides the right one", ["example.com/notarykit-test", "com.example.another"]),
        ("a number", [5]),
        ("a list", [["example.com/notarykit-test"]]),
        ("a text", "example.com/notarykit-test"),
        ("absent", ABSENT),
    ):
        yield Mutant("verify-signature.processed", face, VERIFIER, giving(VERIFY, processedAttributes=value))
    expired = answering(VERIFY, lambda answer, request: _taking_it_for_expired(request, answer))
    yield Mutant("verify-signature.no-expiry", "it takes the year 1 for an expiry", VERIFIER, expired)
    no_list = refusing(lambda command, members: command == VERIFY and not _unprocessed(members), "VALIDATION_ERROR")
    yield Mutant("verify-signature.no-expiry", "it refuses null", VERIFIER, no_list)


def _unprocessed(members: Members) -> bool:
    return members["signature"]["unprocessedAttributes"] is not None


def _taking_it_for_expired(request: Members, answer: Members) -> Members:
    if not request["signature"]["criticalAttributes"]["expiry"].startswith("0001"):
        return answer
    failed = {"success": False, "reason": "it has expired"}
    return answer | {"verificationResults": dict.fromkeys(answer["verificationResults"], failed)}


def _with_result(name: str, result: object, results: Members) -> Members:
    return changed(results, {name: result})
