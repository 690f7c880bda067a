"""Rules of namespaces."""

import json
from typing import Any

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.policy.rules import DEFAULT_RULE, Mode, Rule, Tags, parse_rules


def _parse(**members: Any) -> Any:
    return parse_rules(json.dumps({"version": "1", **members}).encode(), "rules.json")


def test_nothing_but_the_version() -> None:
    """Without rules every namespace has the user's trust policy, enforced, and tags are refused."""
    rules = _parse()
    assert rules.of("shop") == rules.of("") == Rule("trustpolicy.json", Mode.ENFORCE, Tags.DENY, ())


def test_namespace_of_its_own() -> None:
    """A namespace takes from the default what its rule leaves out, and unknown namespaces have the default."""
    rules = _parse(
        default={"mode": "warn", "exempt": ["registry.k8s.io/"]},
        namespaces={"shop": {"policy": "shop.json", "mode": "enforce"}, "dev": {"tags": "resolve", "exempt": []}},
    )
    assert rules.of("other") == Rule("trustpolicy.json", Mode.WARN, Tags.DENY, ("registry.k8s.io/",))
    assert rules.of("shop") == Rule("shop.json", Mode.ENFORCE, Tags.DENY, ("registry.k8s.io/",))
    assert rules.of("dev") == Rule("trustpolicy.json", Mode.WARN, Tags.RESOLVE, ())
    assert rules.of("SHOP") == rules.default
    assert rules.policies == {"trustpolicy.json", "shop.json"}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"version": "2"}, "Invalid enum value '2'"),
        ({"version": ...}, "missing required field `version`"),
        ({"defaults": {}}, "unknown field `defaults`"),
        ({"default": {"modes": "warn"}}, "unknown field `modes`"),
        ({"default": {"mode": "Warn"}}, "Invalid enum value 'Warn'"),
        ({"default": {"tags": "allow"}}, "Invalid enum value 'allow'"),
        ({"default": {"exempt": "registry.k8s.io/"}}, "Expected `array"),
        ({"namespaces": {"shop": {"policy": 7}}}, "Expected `str"),
        ({"namespaces": {"shop": {"policy": "../shop.json"}}}, "is not the name of a file that ends in .json"),
        ({"default": {"policy": "shop"}}, "policy 'shop' is not the name of a file"),
        ({"default": {"policy": ".json"}}, "policy '.json' is not the name of a file"),
        ({"default": {"exempt": [""]}}, "exemption '' would exempt everything"),
        ({"default": {"policy": "truststore/a.json"}}, "policy 'truststore/a.json' is not the name of a file that"),
        ({"namespaces": {"shop": {"exempt": ["/"]}}}, "exemption '/' would exempt everything"),
        ({"namespaces": {"prod-*": {"mode": "enforce"}}}, "'prod-*' is no name of a namespace"),
        ({"namespaces": {"Shop": {}}}, "'Shop' is no name of a namespace"),
        ({"namespaces": {"": {}}}, "'' is no name of a namespace"),
    ],
)
def test_malformed_rules(members: dict[str, Any], message: str) -> None:
    """Rules that are not understood are an error: nothing in them is passed over."""
    document = {name: value for name, value in {"version": "1", **members}.items() if value is not ...}
    with pytest.raises(ConfigurationError) as caught:
        parse_rules(json.dumps(document).encode(), "rules.json")
    assert "rules.json" in caught.value.message
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("members", "advice"),
    [
        ({"version": 1}, 'give "1"'),
        ({"default": {"mode": "enforced"}}, "give enforce, warn, audit"),
        ({"namespaces": {"shop": {"tags": "allow"}}}, "give deny or resolve"),
        ({"defaults": {}}, "known are version, default, namespaces, and in a rule policy, mode, tags, exempt"),
        ({"default": {"exempt": "registry.k8s.io/"}}, "correct it"),
        ({"namespaces": {"prod-*": {}}}, "name each in full; all others have the default"),
    ],
)
def test_advice_on_malformed_rules(members: dict[str, Any], advice: str) -> None:
    """The error says what may stand there."""
    with pytest.raises(ConfigurationError) as caught:
        _parse(**members)
    assert caught.value.advice == advice


def test_rules_that_are_no_json() -> None:
    """A file that is cut off is an error."""
    with pytest.raises(ConfigurationError, match=r"^the file rules\.json is malformed: "):
        parse_rules(b'{"version": "1"', "rules.json")


@pytest.mark.parametrize(
    ("image", "is_exempt"),
    [
        ("registry.k8s.io/pause:3.10", True),
        ("registry.k8s.io/sig/app@sha256:aa", True),
        ("registry.k8s.io", False),
        ("registry.k8s.io.evil.test/pause:1", False),
        ("evil.test/registry.k8s.io/pause:1", False),
        ("registry.k8s.io/../evil.test/a:1", False),
        ("registry.k8s.io//evil.test/a:1", False),
        ("registry.k8s.io/./a:1", False),
        ("registry.k8s.io/a/..", False),
        ("registry.k8s.io/", False),
        ("registry.k8s.io/*", False),
        ("registry.k8s.io/pause:?", False),
        ("registry.k8s.io/a b", False),
        ("registry.k8s.io/a:1\n", False),
        ("registry.k8s.io/\u0430:1", False),
        ("registry.k8s.io/.a/b..c/_d-e/F:1@sha512+b64:aa", True),
        ("REGISTRY.K8S.IO/pause:1", False),
        ("auto", True),
        ("auto:1", False),
        ("automatic", False),
        ("", False),
    ],
)
def test_exemptions(image: str, is_exempt: bool) -> None:
    """Whole references, and beginnings up to a slash, exempt what they name and nothing that only looks like it."""
    rule = DEFAULT_RULE._replace(exempt=("registry.k8s.io/", "auto"))
    assert rule.exempts(image) is is_exempt
    assert DEFAULT_RULE.exempts(image) is False
