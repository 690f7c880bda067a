"""What the chart tells the program: its arguments, its policy folder, its certificate."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.policy.policies import load_policies
from notarykit_admission.policy.rules import Mode
from notarykit_admission.policy.tree import read_tree
from tests.charts.helm import NAME, NAMESPACE, Helm
from tests.charts.mounts import mounted, parsed, policy_files
from tests.charts.settings import GIVEN_CERTIFICATE, NEEDED, SETTINGS
from tests.unit.admission.policy.setups import document, files, root
from tests.unit.admission.policy.volumes import Volume


@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS)
def test_arguments_name_what_is_mounted(helm: Helm, values: Mapping[str, Any]) -> None:
    """The program takes the container's arguments, and each file that they name is in a volume."""
    rendered = helm.render(values)
    settings = parsed(rendered)
    assert "projected" in mounted(rendered, f"{settings.policy}/trustpolicy.json")
    access = settings.access
    for path in (
        *settings.tls[:2],
        *settings.tls.client_cas,
        *filter(None, (access.docker_config, access.registry_ca)),
    ):
        volume = mounted(rendered, path)
        items = volume.get("secret", volume.get("configMap"))["items"]
        assert os.path.basename(path) in [item["path"] for item in items]
    (port,) = rendered.container["ports"]
    assert settings.port == port["containerPort"]
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        asked = rendered.container[probe]["httpGet"]
        assert (asked["port"], asked["scheme"]) == (port["name"], "HTTPS")
    assert rendered.one("Service")["spec"]["ports"][0]["targetPort"] == port["name"]


def test_drain_is_told(helm: Helm) -> None:
    """The program drains for as long as the pod's end allows for."""
    assert parsed(helm.render({**GIVEN_CERTIFICATE, "drainSeconds": 40})).drain_seconds == 40


def test_registries_are_told(helm: Helm) -> None:
    """Credentials, CAs and plain HTTP of registries, and whether pull secrets are read, are what the values say."""
    nothing = parsed(helm.render(GIVEN_CERTIFICATE)).access
    assert nothing == AccessSettings()
    told = helm.render(SETTINGS["everything"])
    settings = parsed(told)
    assert settings.address == "::"
    assert settings.access.plain_http == ("registry.local:5000", "[::1]:5000")
    credentials = mounted(told, settings.access.docker_config)["secret"]
    assert credentials["secretName"] == "registry-credentials"
    assert credentials["items"][0]["key"] == ".dockerconfigjson"
    assert mounted(told, settings.access.registry_ca)["configMap"]["name"] == "corporate-ca"
    by_value = helm.render(SETTINGS["registries"])
    name = mounted(by_value, parsed(by_value).access.registry_ca)["configMap"]["name"]
    (config,) = (each for each in by_value.all("ConfigMap") if each["metadata"]["name"] == name)
    assert config["data"] == {"ca.crt": root().decode()}
    assert parsed(helm.render(SETTINGS["pull secrets"])).access.pull_secrets


def test_clients_are_asked_for_a_certificate_where_their_ca_is_given(helm: Helm) -> None:
    """Gatekeeper's doors need its certificate if its CA is given, as a value or as a Secret."""
    assert not parsed(helm.render(GIVEN_CERTIFICATE)).tls.client_cas
    by_value = helm.render({**GIVEN_CERTIFICATE, "gatekeeper": {"clientCA": root().decode()}})
    volume = mounted(by_value, parsed(by_value).tls.client_cas[0])
    assert volume["secret"]["secretName"] == by_value.one("Secret")["metadata"]["name"]
    assert base64.b64decode(by_value.one("Secret")["data"]["ca.crt"]) == root()
    by_secret = helm.render({**GIVEN_CERTIFICATE, "gatekeeper": {"clientCASecret": "gatekeeper-ca"}})
    assert mounted(by_secret, parsed(by_secret).tls.client_cas[0])["secret"]["secretName"] == "gatekeeper-ca"
    assert not by_secret.all("Secret")


def test_policy_folder_is_what_the_program_reads(helm: Helm, tmp_path: Path) -> None:
    """The program loads the folder that the chart's volume makes, and finds in it what the values say."""
    content = policy_files(helm.render(NEEDED))
    assert content == files()
    volume = Volume(tmp_path)
    volume.write(content)
    loaded = load_policies(read_tree(str(tmp_path)))
    assert loaded.rules.default.mode is Mode.ENFORCE


def test_documents_and_rules_may_be_objects(helm: Helm) -> None:
    """Documents and rules may be objects; certificates of two names that look alike stay two."""
    stores = {"a": {"b.c.pem": root().decode()}, "a.b": {"c.pem": root().decode()}}
    policy = {
        "documents": {"trustpolicy.json": {"version": "1.0", "trustPolicies": []}, "dev.json": document().decode()},
        "rules": {"version": "1", "default": {"mode": "audit", "policy": "dev.json"}},
        "trustStores": {"ca": {**stores, "acme": {"root.pem": root().decode()}}},
    }
    content = policy_files(helm.render({**GIVEN_CERTIFICATE, "policy": policy}))
    assert {"truststore/x509/ca/a/b.c.pem", "truststore/x509/ca/a.b/c.pem"} < content.keys()
    assert load_policies(content).rules.default.mode is Mode.AUDIT


def test_certificate_is_for_the_name_that_is_called(helm: Helm) -> None:
    """The certificate is for the Service's name as the API server calls it, and its CA is put into the webhooks."""
    rendered = helm.render(NEEDED)
    certificates = {each["metadata"]["name"]: each for each in rendered.all("Certificate")}
    assert f"{NAME}.{NAMESPACE}.svc" in certificates[NAME]["spec"]["dnsNames"]
    secret = mounted(rendered, parsed(rendered).tls.certificate)["secret"]["secretName"]
    assert certificates[NAME]["spec"]["secretName"] == secret
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        annotations = rendered.one(kind)["metadata"]["annotations"]
        assert annotations == {"cert-manager.io/inject-ca-from": f"{NAMESPACE}/{NAME}"}
    # The issuer of the server's certificate is the CA's, whose own certificate is longer valid.
    issuers = {each["metadata"]["name"]: each["spec"] for each in rendered.all("Issuer")}
    issuer = issuers[certificates[NAME]["spec"]["issuerRef"]["name"]]
    assert issuer["ca"]["secretName"] == certificates[f"{NAME}-ca"]["spec"]["secretName"]


def test_given_certificate_needs_no_cert_manager(helm: Helm) -> None:
    """With a Secret and its CA, nothing of cert-manager is asked for."""
    rendered = helm.render(GIVEN_CERTIFICATE)
    assert not [each for each in rendered.manifests if "cert-manager" in str(each.object)]
    for webhook in rendered.webhooks.values():
        assert base64.b64decode(webhook["clientConfig"]["caBundle"]) == root()
