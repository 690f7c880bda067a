"""Plugins that keep every rule: the kit finds nothing, and looks at everything."""

import pytest

from notarykit.plugin.conformance import Result, Target, judge
from notarykit.plugin.conformance.rules import RULES, compatibility, signing
from notarykit.plugin.discovery.process import Ended
from notarykit.plugin.protocol.fields import LARGEST_MESSAGE
from tests.kit.reference import BOTH, EC, NAME, SPECS, VARIANTS, VERIFIER, Raw, Variant, serve
from tests.kit.wrong import DESCRIBE, SIGN

_KEPT = {Result.PASSED, Result.DOES_NOT_APPLY}
_HUGE, _LARGE = compatibility._HUGE, signing._LARGE

each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


@each_variant
def test_nothing_is_found(variant: Variant) -> None:
    """Every rule passes or does not apply, they come in their order, and what passed has no reason."""
    found = judge(variant.target())
    assert [each.rule for each in found] == list(RULES)
    assert {each.result for each in found} <= _KEPT, [each for each in found if each.result not in _KEPT]
    assert all(bool(each.reason) == (each.result is not Result.PASSED) for each in found)


def test_every_rule_passes_somewhere() -> None:
    """No rule is one that never looks at anything."""
    found = {each.rule.id for variant in VARIANTS for each in judge(variant.target()) if each.result is Result.PASSED}
    assert found == {rule.id for rule in RULES}


def test_rules_that_do_not_apply_to_one_key_apply_to_another() -> None:
    """Of an RSA key and an EC key, each is looked at by the rule that is about its kind, whichever comes first."""
    for key_ids in (("rsa", "ec"), ("ec", "rsa")):
        found = {each.rule.id: each.result for each in judge(BOTH._replace(key_ids=key_ids).target())}
        assert found["generate-signature.ecdsa-form"] is Result.PASSED
        assert found["generate-signature.pss-salt"] is Result.PASSED


@pytest.mark.parametrize("variant", [EC, VERIFIER], ids=lambda variant: variant.name)
def test_the_names_of_rules_are_their_own(variant: Variant) -> None:
    """Every rule has a name of its own, a section, and a text that is one sentence."""
    rules = [each.rule for each in judge(variant.target())]
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.section and rule.text.endswith(".") and "\n" not in rule.text for rule in rules)


def test_a_plugin_without_keys() -> None:
    """Without a key id, the rules about keys do not apply and say so."""
    found = {each.rule.id: each for each in judge(Target(NAME, run=serve(Raw)))}
    assert {each.result for each in found.values()} <= _KEPT
    assert found["generate-signature.signature"].reason == "no key id was given"
    assert found["metadata.members"].result is Result.PASSED


def test_the_size_of_large_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The large payload has 1 MiB, and the huge request is as large as the protocol allows, or nearly so."""
    monkeypatch.setattr(compatibility, "_HUGE", _HUGE)
    monkeypatch.setattr(signing, "_LARGE", _LARGE)
    usual, sizes = serve(Raw), {DESCRIBE: 0, SIGN: 0}

    def run(command: str, request: bytes) -> Ended:
        sizes[command] = max(sizes.get(command, 0), len(request))
        return usual(command, request)

    assert {each.result for each in judge(EC.target(run))} <= _KEPT
    assert LARGEST_MESSAGE - 4096 < sizes[DESCRIBE] <= LARGEST_MESSAGE
    assert len(_LARGE) == 1024 * 1024 < sizes[SIGN]


def test_settings_are_passed_on() -> None:
    """The settings for the plugin are in every request about a key."""
    usual = serve(Raw)
    seen: set[bool] = set()

    def run(command: str, request: bytes) -> Ended:
        if b'"keyId"' in request:
            seen.add(b'"pluginConfig": {"region": "eu"}' in request)
        return usual(command, request)

    judge(Target(NAME, tuple(SPECS), {"region": "eu"}, run=run))
    assert seen == {True}
