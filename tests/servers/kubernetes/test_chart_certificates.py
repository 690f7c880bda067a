"""Certificates that cert-manager makes for a release of the chart: the API server trusts the program by them."""

import base64
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.charts.helm import NAME, NAMESPACE, Helm
from tests.charts.settings import NEEDED
from tests.docs.test_admission import section
from tests.docs.test_documents import blocks
from tests.servers.kubernetes import certmanager, program
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.api import API
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.support.polling import poll
from tests.support.requirements import program as required_program
from tests.support.requirements import require
from tests.unit.admission.policy.setups import files
from tests.unit.admission.policy.volumes import Volume, write_files

_SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}-tls"
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture(scope="module")
def api(api_server: str, registry_ca: RegistryCA, helm: Helm) -> Iterator[API]:
    """Another cluster, with cert-manager and a release of the chart."""
    binary = certmanager.build()
    with clusters.running(api_server, registry_ca) as cluster:
        certmanager.define(cluster.api, certmanager.resources())
        cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        with certmanager.running(binary, cluster):
            helm.install(NEEDED, cluster.kubeconfig)
            poll(lambda: cluster.api.request("GET", _SECRET).is_good)
            yield cluster.api


def _bundles(api: API) -> list[bytes]:
    """Returns the CAs that webhooks trust."""
    kinds = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
    webhooks = [each for kind in kinds for each in api.get(f"{_WEBHOOKS}/{kind}/{NAME}")["webhooks"]]
    return [base64.b64decode(each["clientConfig"].get("caBundle", "")) for each in webhooks]


def _secret(api: API) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in api.get(_SECRET)["data"].items()}


def _served_certificate(port: int, bundle: bytes, name: str = NAME) -> bytes:
    """Returns the certificate of a server that whoever calls the release's Service accepts, trusting a bundle alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=bundle.decode())
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname=f"{name}.{NAMESPACE}.svc") as secured,
    ):
        certificate = secured.getpeercert(binary_form=True)
    assert certificate
    return certificate


def test_webhooks_trust_the_program(api: API, tmp_path: Path) -> None:
    """The program serves with the Secret's files, which the CA in the webhooks vouches for; so does it for new ones."""
    poll(lambda: all(_bundles(api)))
    first, bundles = _secret(api), _bundles(api)
    assert bundles == [first["ca.crt"]] * 2
    tls, policies = Volume(tmp_path / "tls"), write_files(tmp_path / "policy", files())
    tls.write(first)
    pair = KeyPair(str(tls.folder / "tls.crt"), str(tls.folder / "tls.key"))
    with program.running(policies, pair) as replica:
        served = _served_certificate(replica.port, bundles[0])
        assert api.request("DELETE", _SECRET).is_good
        poll(lambda: api.request("GET", _SECRET).is_good and _secret(api)["tls.crt"] != first["tls.crt"])
        second = _secret(api)
        assert second["ca.crt"] == first["ca.crt"]
        tls.write(second)
        poll(lambda: _served_certificate(replica.port, bundles[0]) != served)
    assert _bundles(api) == bundles


def test_certificate_of_ones_own(api_server: str, registry_ca: RegistryCA, helm: Helm, tmp_path: Path) -> None:
    """The page's commands for a certificate without cert-manager make one that the webhooks trust the program by."""
    require("openssl", "kubernetes-client")
    (block,) = blocks(section("Kubernetes' own webhooks").partition("\n### ")[2], "sh")
    with clusters.running(api_server, registry_ca) as cluster:
        settings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": cluster.kubeconfig}
        subprocess.run([required_program("bash"), "-ec", block], cwd=tmp_path, env=settings, check=True)
        (made,) = cluster.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets")["items"]
    bundle = (tmp_path / "tls.crt").read_text()
    certificate = {"secretName": made["metadata"]["name"], "caBundle": bundle}
    rendered = helm.render({**NEEDED, "fullnameOverride": "notarykit-admission", "certificate": certificate})
    names = {webhook["clientConfig"]["service"]["name"] for webhook in rendered.webhooks.values()}
    tls = write_files(tmp_path / "tls", {name: base64.b64decode(value) for name, value in made["data"].items()})
    policies = write_files(tmp_path / "policy", files())
    with program.running(policies, KeyPair(str(tls / "tls.crt"), str(tls / "tls.key"))) as replica:
        for name in names:
            assert _served_certificate(replica.port, bundle.encode(), name)
