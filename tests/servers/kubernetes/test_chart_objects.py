"""The chart's objects at a real API server."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit_admission.policy.rules import Mode, parse_rules
from tests.charts.helm import CHART, NAME, NAMESPACE, Helm
from tests.charts.settings import GIVEN_CERTIFICATE, NEEDED, SETTINGS
from tests.docs.test_admission import PAGE, section
from tests.docs.test_documents import blocks
from tests.interop.go_build import Module, download
from tests.servers.kubernetes import certmanager
from tests.servers.kubernetes.api import API
from tests.servers.kubernetes.cluster import Cluster
from tests.support.kubernetes import manifests
from tests.support.polling import poll
from tests.support.requirements import program
from tests.unit.admission.policy.setups import root

_PROMETHEUS = Module(
    "github.com/prometheus-operator/prometheus-operator",
    "v0.85.0",
    "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
)
_SERVICE_MONITORS = "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Iterator[API]:
    """The API server with the custom resources of others, and the namespaces of the chart's objects."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    monitors = [dict(each.object) for each in manifests(download(_PROMETHEUS) / _SERVICE_MONITORS)]
    definitions = [*certmanager.resources(), *monitors]
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name in (NAMESPACE, "chart-one", "chart-two")
    ]
    for each in namespaces:
        cluster.api.apply(each)
    certmanager.define(cluster.api, definitions)
    yield cluster.api
    for each in definitions:  # nobody would end the deletion of a namespace
        cluster.api.delete(each)


def _tried(api: API, made: Mapping[str, Any]) -> tuple[int, str, tuple[str, ...]]:
    """Applies an object without storing it, where an unknown member is an error."""
    answer = api.check(dict(made))
    return answer.status // 100, answer.message, answer.warnings


@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS)
def test_objects_are_accepted(api: API, helm: Helm, values: Mapping[str, Any]) -> None:
    """The API server takes each object without a warning, those of pod security and of others' resources included."""
    for each in helm.render(values).manifests:
        assert _tried(api, each.object) == (2, "", ()), each.object


def test_misspelt_members_are_refused(api: API, helm: Helm) -> None:
    """A member that a custom resource has not would be refused, and pods that are not restricted reported."""
    rendered = helm.render(NEEDED)
    certificate, deployment = rendered.all("Certificate")[0], rendered.one("Deployment")
    status, message, _ = _tried(api, {**certificate, "spec": {**certificate["spec"], "dnsName": "a"}})
    assert (status > 2, "dnsName" in message) == (True, True)
    pod = {**rendered.pod, "hostNetwork": True}
    template = {**deployment["spec"]["template"], "spec": pod}
    status, _, warnings = _tried(api, {**deployment, "spec": {**deployment["spec"], "template": template}})
    assert status == 2
    assert "hostNetwork=true" in str(warnings)


def test_pods_are_admitted(api: API, helm: Helm) -> None:
    """A pod of the Deployment is admitted where pod security enforces `restricted`."""
    template = helm.render(GIVEN_CERTIFICATE).one("Deployment")["spec"]["template"]
    metadata = {**template["metadata"], "name": "pod", "namespace": NAMESPACE}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    answer = api.create(made, dry_run=True)
    assert (answer.status, answer.message) == (201, "")
    answer = api.create({**made, "spec": {**template["spec"], "hostNetwork": True}}, dry_run=True)
    assert answer.status == 403


@pytest.mark.parametrize(("setting", "elsewhere"), [("pull secrets", 404), ("pull secrets of two namespaces", 403)])
def test_pull_secrets_are_all_that_may_be_read(api: API, helm: Helm, setting: str, elsewhere: int) -> None:
    """The service account gets secrets and service accounts by name, where the values say so, and nothing else."""
    rendered = helm.render(SETTINGS[setting])
    rights = [dict(each.object) for each in rendered.manifests if each.object["apiVersion"].startswith("rbac.")]
    account = api.impersonating(f"system:serviceaccount:{NAMESPACE}:{rendered.pod['serviceAccountName']}")
    places = ("secrets", "serviceaccounts")

    def status(path: str, method: str = "GET") -> int:
        return account.request(method, f"/api/v1/{path}").status

    try:
        for each in rights:
            api.apply(each)
        poll(lambda: status("namespaces/chart-one/secrets/none") == 404)
        assert [status(f"namespaces/chart-two/{each}/none") for each in places] == [404] * 2
        assert {status(f"namespaces/default/{each}/none") for each in places} == {elsewhere}
        assert {status(path) for each in places for path in (each, f"namespaces/chart-one/{each}")} == {403}
        assert status("namespaces/chart-one/secrets/none", "DELETE") == 403
        assert status("namespaces/chart-one/configmaps/none") == 403
        assert status("namespaces/chart-one/pods/none") == 403
    finally:
        for each in rights:
            api.delete(each)
    poll(lambda: status("namespaces/chart-one/secrets/none") == 403)


def test_steps_of_the_page_install(api: API, cluster: Cluster, helm: Helm, tmp_path: Path) -> None:
    """The page's commands install the chart word for word, in the mode audit, and then enforce."""
    (tmp_path / "helm").symlink_to(helm.program)
    (tmp_path / "charts").symlink_to(CHART.parent)
    (tmp_path / "trustpolicy.json").write_text(blocks(PAGE, "json")[0])
    (tmp_path / "acme.pem").write_bytes(root())
    settings = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "KUBECONFIG": cluster.kubeconfig}
    name = "notarykit-admission"
    modes = []
    try:
        for block in blocks(section("Kubernetes' own webhooks").partition("\n### ")[0], "sh"):
            subprocess.run([program("bash"), "-ec", block], cwd=tmp_path, env=settings, check=True)
            config = api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}-policy")["data"]
            modes.append(parse_rules(config["rules.json"].encode(), "rules.json").default.mode)
    finally:
        uninstall = [helm.program, "uninstall", name, "--namespace", NAMESPACE]
        subprocess.run(uninstall, env=settings, check=False)
    assert modes == [Mode.AUDIT, Mode.ENFORCE]


def test_release_comes_and_goes(api: API, cluster: Cluster, helm: Helm, tmp_path: Path) -> None:
    """Helm installs the chart, makes it another and removes it, with its webhooks; it tells what to know."""
    webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

    def is_asked() -> bool:
        return NAME in [each["metadata"]["name"] for each in api.get(webhooks)["items"]]

    told = helm.install(NEEDED, cluster.kubeconfig)
    try:
        assert is_asked()
        assert f"Not judged: kube-system, {NAMESPACE}." in told
        changed = {"webhooks": {"validate": {"enabled": False}, "pin": {"enabled": False}}, "replicas": 3}
        told = helm.install({**NEEDED, **changed, "pullSecrets": {"enabled": True}}, cluster.kubeconfig)
        assert "No webhook of Kubernetes asks it" in told
        assert "let the API server alone do so" in told
        assert not is_asked()
        deployment = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
        assert api.get(deployment)["spec"]["replicas"] == 3
    finally:
        helm.uninstall(cluster.kubeconfig)
    assert not api.request("GET", deployment).is_good
