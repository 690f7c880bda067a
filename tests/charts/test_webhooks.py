"""Webhooks of the chart: what they are asked about."""

from collections.abc import Mapping
from typing import Any

import pytest

from notarykit_admission.workload.kinds import POD, POD_SPECS
from tests.charts.helm import NAME, NAMESPACE, Helm
from tests.charts.settings import GIVEN_CERTIFICATE

KINDS = pytest.mark.parametrize("kind", ["validate", "pin"])
_POD_RESOURCES = {("", "pods"), ("", "pods/ephemeralcontainers")}


def _resources(webhook: Mapping[str, Any]) -> set[tuple[str, str]]:
    rules = webhook["rules"]
    return {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}


def _webhooks(**changes: Any) -> dict[str, Any]:
    return {**GIVEN_CERTIFICATE, "webhooks": changes}


@KINDS
def test_every_kind_with_images_is_judged(helm: Helm, kind: str) -> None:
    """The webhook is asked about the kinds that the program finds images in, and debug containers; about no others."""
    # Kubernetes' plural of each of these is the kind's name in small letters and an s.
    resources = {(each.group, f"{each.name.lower()}s") for each in POD_SPECS}
    webhook = helm.render(GIVEN_CERTIFICATE).webhooks[kind]
    assert _resources(webhook) == resources | {("", "pods/ephemeralcontainers")}
    for rule in webhook["rules"]:
        assert sorted(rule["operations"]) == ["CREATE", "UPDATE"]
        assert (rule["apiVersions"], rule["scope"]) == (["v1"], "Namespaced")


@KINDS
def test_templates_may_be_left_out(helm: Helm, kind: str) -> None:
    """Where templates are left out, pods are still judged, for they are what runs."""
    webhook = helm.render(_webhooks(**{kind: {"templates": False}})).webhooks[kind]
    assert _resources(webhook) == _POD_RESOURCES
    assert ("", f"{POD.name.lower()}s") in _POD_RESOURCES


@KINDS
def test_nothing_passes_unanswered(helm: Helm, kind: str) -> None:
    """By default nothing is admitted while nobody answers, in whichever version it is written."""
    webhook = helm.render(GIVEN_CERTIFICATE).webhooks[kind]
    settings = {name: webhook[name] for name in ("failurePolicy", "matchPolicy", "sideEffects", "timeoutSeconds")}
    assert settings == {
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    assert webhook["admissionReviewVersions"] == ["v1"]
    service = {"name": NAME, "namespace": NAMESPACE, "path": f"/kubernetes/{kind}", "port": 443}
    assert webhook["clientConfig"]["service"] == service


@KINDS
def test_namespaces_that_are_left_out(helm: Helm, kind: str) -> None:
    """The release's own namespace is always left out, or its pods could not start; kube-system is by default."""

    def left_out(values: Mapping[str, Any]) -> list[str]:
        (expression,) = helm.render(values).webhooks[kind]["namespaceSelector"]["matchExpressions"]
        assert (expression["key"], expression["operator"]) == ("kubernetes.io/metadata.name", "NotIn")
        values_: list[str] = expression["values"]
        return values_

    assert left_out(GIVEN_CERTIFICATE) == ["kube-system", NAMESPACE]
    assert left_out(_webhooks(excludedNamespaces=["calico-system", NAMESPACE])) == ["calico-system", NAMESPACE]
    assert left_out(_webhooks(excludedNamespaces=[])) == [NAMESPACE]


def test_pins_are_put_in_again_after_others(helm: Helm) -> None:
    """The pinning webhook is asked again about what others have put in after it."""
    assert helm.render(GIVEN_CERTIFICATE).webhooks["pin"]["reinvocationPolicy"] == "IfNeeded"


@KINDS
def test_webhook_may_be_left_out(helm: Helm, kind: str) -> None:
    """Each webhook may be left out, as where another program asks by a door of its own."""
    assert kind not in helm.render(_webhooks(**{kind: {"enabled": False}})).webhooks


def test_certificate_of_ones_own_without_webhooks(helm: Helm) -> None:
    """Where no webhook is made, as beside Gatekeeper, nobody needs the CA of one's own certificate."""
    off = {"enabled": False}
    values = {**_webhooks(validate=off, pin=off), "certificate": {"secretName": "given"}}
    assert helm.render(values).webhooks == {}
