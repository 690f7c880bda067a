"""Keys that may be used a few times: the kit counts, leaves the rest aside, and finds nothing that is not there."""

from collections.abc import Iterator

import pytest

from notarykit.plugin.conformance import Judgement, Result, judge
from notarykit.plugin.conformance.target import Run
from notarykit.plugin.discovery.process import Ended
from tests.kit.mutant import Mutant
from tests.kit.mutants import all_mutants
from tests.kit.reference import BLOB, BOTH, EC, ENVELOPE, RSA, Variant, serve, uses
from tests.kit.wrong import MAKE, SIGN, members_of

_SIGNERS = (RSA, EC, BOTH, ENVELOPE, BLOB)
_NUMBERS = (0, 1, 2, 3, 5, 8, 13, 21)
_FINE = {Result.PASSED, Result.DOES_NOT_APPLY, Result.NOT_RUN}


def _could_sign(command: str, request: bytes) -> bool:
    """Whether a plugin that refuses as little as possible signs: there is a payload, and a key of that name."""
    members = members_of(request)
    return command in (SIGN, MAKE) and members.get("keyId") in ("rsa", "ec") and "payload" in members


def _counting(run: Run, commands: list[str]) -> Run:
    def run_counted(command: str, request: bytes) -> Ended:
        if _could_sign(command, request):
            commands.append(command)
        return run(command, request)

    return run_counted


@pytest.mark.parametrize("most", _NUMBERS)
@pytest.mark.parametrize("variant", _SIGNERS, ids=lambda variant: variant.name)
def test_keys_are_used_no_more_often_than_allowed(variant: Variant, most: int) -> None:
    """Requests that could make a signature, whether they do or not, are as many as are allowed at most."""
    could: list[str] = []
    uses.clear()
    found = judge(variant.target(_counting(serve(variant.kind), could), most))
    assert len(uses) <= len(could) <= most
    assert {each.result for each in found} <= _FINE, [each for each in found if each.result not in _FINE]


@pytest.mark.parametrize("variant", _SIGNERS, ids=lambda variant: variant.name)
def test_what_is_left_aside(variant: Variant) -> None:
    """The fewer signatures are allowed, the more is not run, for a reason; with enough of them everything is."""
    counts = [_not_run(judge(variant.target(max_signatures=most))) for most in (*_NUMBERS, 100)]
    assert counts[0] > 0
    assert counts[-1] == 0
    assert counts == sorted(counts, reverse=True)


def _not_run(found: list[Judgement]) -> int:
    reasons = [each.reason for each in found if each.result is Result.NOT_RUN]
    assert all("as often as is allowed" in reason for reason in reasons)
    return len(reasons)


def test_one_signature_is_enough_for_much() -> None:
    """A single touch judges the signature, its form and the chain."""
    found = {each.rule.id: each.result for each in judge(EC.target(max_signatures=1))}
    assert all(result is Result.PASSED for name, result in found.items() if name.startswith("chain."))
    for name in ("key-id", "algorithm", "signature", "ecdsa-form"):
        assert found[f"generate-signature.{name}"] is Result.PASSED
    assert found["generate-signature.at-once"] is Result.NOT_RUN


def test_no_signature_is_needed_for_refusals() -> None:
    """What a plugin has to refuse is tested without its keys."""
    uses.clear()
    found = {each.rule.id: each.result for each in judge(EC.target(max_signatures=0))}
    assert uses == []
    assert {result for name, result in found.items() if name.startswith(("refuse.", "output."))} == {Result.PASSED}


def _permissive() -> Iterator[Mutant]:
    """Mutants that do what they were not asked to, or should have refused."""
    return (mutant for mutant in all_mutants() if mutant.variant.key_ids and mutant.variant is not BOTH)


@pytest.mark.parametrize("most", [1, 3])
def test_wrong_plugins_use_keys_no_more_often_than_allowed(most: int) -> None:
    """No mutant is asked for more signatures than are allowed, and nothing is found that is not wrong with it."""
    for mutant in _permissive():
        could: list[str] = []
        found = judge(mutant.variant.target(_counting(mutant.mutate(serve(mutant.variant.kind)), could), most))
        assert len(could) <= most, mutant.name
        assert {each.rule.id for each in found if each.result not in _FINE} <= {mutant.rule}, mutant.name
