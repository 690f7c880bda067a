"""Values of the chart: what Helm takes, and what it says of values that are wrong."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.charts.helm import CHART, Helm, HelmError
from tests.charts.settings import GIVEN_CERTIFICATE, NEEDED, SETTINGS
from tests.unit.admission.policy.setups import root

# These have members that are not the chart's own.
_WHOLE = {"policy.documents", "policy.trustStores", "certificate.issuerRef"}
_SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def _paths(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yields the values that a schema names, as the paths by which Helm's `--set` names them."""
    for name, member in schema["properties"].items():
        if member.get("type") == "object" and "properties" in member and path + name not in _WHOLE:
            yield from _paths(member, f"{path}{name}.")
        else:
            yield f"{path}{name}"


_VALUES = [path for path in _paths(_SCHEMA) if path != "global"]


def _changed(values: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """Returns values of which one is another."""
    name, _, rest = path.partition(".")
    return {**values, name: _changed(values.get(name, {}), rest, value) if rest else value}


@pytest.mark.parametrize("values", [{}, *SETTINGS.values()], ids=["none", *SETTINGS])
def test_linter_finds_nothing(helm: Helm, values: Mapping[str, Any]) -> None:
    """Helm's own linter has nothing to say of the chart, with any values."""
    assert not re.findall(r"\[(?:WARNING|ERROR)\].*", helm.lint(values))


def test_defaults_are_what_the_schema_names() -> None:
    """Each value that the schema names has a default, and each default is named by the schema."""
    text = (CHART / "values.yaml").read_text()
    parents: list[str] = []
    found = []
    for indent, name, rest in re.findall(r"^( *)([A-Za-z]+):(.*)$", text, re.MULTILINE):
        parents[len(indent) // 2 :] = [name]
        if rest.partition("#")[0].strip():
            found.append(".".join(parents))
    assert sorted({path.removesuffix(".requests").removesuffix(".limits") for path in found}) == sorted(_VALUES)


def test_readme_has_each_value() -> None:
    """The chart's README says what each value is for, and speaks of no others."""
    rows = re.findall(r"^\| `([A-Za-z.]+)`", (CHART / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(_VALUES)


@pytest.mark.parametrize("path", ["", *sorted({path.rpartition(".")[0] for path in _VALUES} - {""})])
def test_unknown_value_is_refused(helm: Helm, path: str) -> None:
    """A value that is not known is refused wherever it stands, so that a misspelt one is not passed over."""
    with pytest.raises(HelmError, match="additional properties 'mispelt' not allowed"):
        helm.render(_changed(GIVEN_CERTIFICATE, f"{path}.mispelt".lstrip("."), True))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", 0),
        ("runAsUser", 0),
        ("image.digest", "sha256:ab"),
        ("webhooks.failurePolicy", "fail"),
        ("webhooks.timeoutSeconds", 31),
        ("webhooks.excludedNamespaces", ["Kube_System"]),
        ("policy.documents", {"rules.json": "{}"}),
        ("policy.documents", {"trustpolicy.yaml": "{}"}),
        ("policy.documents", {"../trustpolicy.json": "{}"}),
        ("policy.trustStores", {"CA": {"acme": {"root.pem": root().decode()}}}),
        ("policy.trustStores", {"ca": {"ac..me": {"root.pem": root().decode()}}}),
        ("policy.trustStores", {"ca": {"acme": {"root.txt": root().decode()}}}),
        ("policy.trustStores", {"ca": {"acme": {"root.pem": "MIIB"}}}),
        ("policy.trustStores", {"ca": {"acme": {}}}),
        ("policy.sources", [{"hostPath": {"path": "/"}}]),
        ("policy.rules", {"version": "1", "default": {"mode": "enforced"}}),
        ("policy.rules", {"version": "1", "defaults": {}}),
        ("policy.rules", {"version": "1", "namespaces": {"prod-*": {"mode": "enforce"}}}),
        ("policy.rules", {"version": "1", "namespaces": {"shop": {"tags": "allow"}}}),
        ("policy.rules", {"default": {"mode": "audit"}}),
        ("certificate.caBundle", "LS0tLS1CRUdJTg=="),
        ("extraArgs", ["policy"]),
        ("address", "localhost"),
        ("registries.plainHTTP", ["http://registry.local"]),
        ("pullSecrets.enabled", "yes"),
        ("pullSecrets.namespaces", ["*"]),
    ],
)
def test_wrong_value_is_refused(helm: Helm, path: str, value: object) -> None:
    """A value that cannot be meant is refused by the schema, which names it."""
    with pytest.raises(HelmError, match="values don't meet the specifications of the schema") as found:
        helm.render(_changed(GIVEN_CERTIFICATE, path, value))
    assert f"at '/{path.replace('.', '/')}" in str(found.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("image.repository", "", "name the repository that the image of the Dockerfile was pushed to"),
        ("policy.documents", {}, "give a trust policy, by documents"),
        ("policy.rules", '{"version": "1"', r"policy: rules\.json is no JSON object"),
        ("policy.documents", {"trustpolicy.json": "acme"}, r"policy: trustpolicy\.json is no JSON object"),
        ("registries", {"caBundle": root().decode(), "caConfigMap": "ca"}, "set caBundle or caConfigMap, not both"),
        ("certificate.secretName", "given", "give the CA of the Secret's certificate"),
        ("certificate.caBundle", root().decode(), "the chart's own CA is put in by cert-manager"),
        (
            "gatekeeper",
            {"clientCA": root().decode(), "clientCASecret": "ca"},
            "set clientCA or clientCASecret, not both",
        ),
    ],
)
def test_message_says_what_to_give(helm: Helm, path: str, value: object, message: str) -> None:
    """Where values are missing or contradict each other, Helm says what to give."""
    with pytest.raises(HelmError, match=message):
        helm.render(_changed(NEEDED, path, value))
