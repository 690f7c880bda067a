"""Pull secrets in a real cluster: private images are read with what their pods may pull them with, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit import LocalSigner
from tests.charts.helm import Helm
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.objects import WORKLOADS, pod, workload
from tests.servers.kubernetes.private import (
    SECRET,
    Private,
    Setting,
    make_account,
    opened,
    private_pod,
    pull_secret,
    service_account,
)
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.fault_proxy import FaultProxy
from tests.support.polling import poll

ADVICE = "name a secret with credentials for {} in imagePullSecrets"


def test_pod_with_the_secret_starts(setting: Setting) -> None:
    """A pod whose secret lets its image be read is created, as it was written."""
    answer = setting.run(setting.namespace(), setting.image.by_digest, SECRET)
    assert (answer.status, answer.warnings) == (201, ())


def test_tag_is_pinned_with_the_secret(setting: Setting) -> None:
    """So is one with a tag, which is looked up with the secret too."""
    answer = setting.run(setting.namespace(pins=True), setting.image.by_tag, SECRET)
    assert answer.status == 201
    assert answer.body["spec"]["containers"][0]["image"] == setting.image.pinned


def test_webhooks_share_the_decision(setting: Setting) -> None:
    """What the webhook that pins has verified with a secret is not verified again by the one that validates."""
    image = setting.private.push()
    assert setting.run(setting.namespace(pins=True), image.by_tag, SECRET).status == 201
    assert not setting.replica.verdicts(image.by_tag)[0].get("cached")
    assert setting.replica.verdicts(image.pinned)[0].get("cached")


def test_unsigned_image_is_denied(setting: Setting) -> None:
    """A secret makes no signature."""
    answer = setting.run(setting.namespace(), setting.private.push(is_signed=False).by_digest, SECRET)
    assert answer.status == 403
    assert "no signature is associated" in answer.message


def test_pod_without_a_secret_is_told_what_to_do(setting: Setting) -> None:
    """A pod that names no secret is denied, in words for whoever wrote it, whatever others have had read before."""
    namespace = setting.namespace()
    assert setting.run(namespace, setting.image.by_digest, SECRET).status == 201
    answer = setting.run(namespace, setting.image.by_digest)
    assert answer.status == 403
    assert answer.message.endswith(f": {ADVICE.format(setting.private.host)}")
    assert "requires credentials" in answer.message


def test_missing_secret_is_named(setting: Setting) -> None:
    """A secret that does not exist is named to whoever is denied for want of it, and counts when it is there."""
    namespace, other = setting.namespace(has_secret=False), setting.private.push()
    answer = setting.run(namespace, other.by_digest, SECRET)
    assert answer.status == 403
    assert answer.message.endswith(f"{ADVICE.format(setting.private.host)} (secret '{SECRET}' does not exist)")
    setting.api.apply(pull_secret(namespace, {setting.private.host: setting.private.credentials}))
    assert setting.create_eventually(private_pod(namespace, other.by_digest, SECRET)).status == 201


@pytest.mark.parametrize("name", [SECRET, "../../{}/secrets/registry", "../{}/registry", "registry?namespace={}"])
def test_secret_of_another_namespace_is_not_used(setting: Setting, name: str) -> None:
    """A pod is read with the secrets of its own namespace, whatever it writes for their names."""
    victim, namespace = setting.namespace(), setting.namespace(has_secret=False)
    assert setting.run(victim, setting.image.by_digest, SECRET).status == 201
    answer = setting.run(namespace, setting.image.by_digest, name.format(victim))
    assert answer.status == 403
    assert "does not exist" in answer.message


def test_namespace_in_the_object_does_not_count(setting: Setting) -> None:
    """An object cannot name another namespace than its request: the API server refuses it."""
    victim, namespace = setting.namespace(), setting.namespace(has_secret=False)
    made = private_pod(victim, setting.image.by_digest, SECRET)
    answer = setting.api.request("POST", f"/api/v1/namespaces/{namespace}/pods", made)
    assert answer.status == 400
    assert "does not match" in answer.message


def test_secret_goes_to_its_host_alone(setting: Setting) -> None:
    """Another registry, named by a pod with a secret for this one, gets no credentials."""
    namespace = setting.namespace()
    with FaultProxy(None) as other:
        reference = setting.image.by_digest.replace(setting.private.host, other.host)
        assert setting.run(namespace, reference, SECRET).status == 403
        with other.lock:
            assert [seen.authorization for seen in other.seen if seen.authorization] == []


@pytest.mark.parametrize("kind", WORKLOADS)
def test_secret_of_the_service_account(setting: Setting, kind: str) -> None:
    """Templates are read with the secrets of their service account, which the API server puts into no template."""
    with_secret, without = setting.namespace(), setting.namespace()
    setting.api.apply(service_account(with_secret, SECRET))
    answer = setting.api.create(workload(kind, with_secret, setting.image.by_digest))
    assert (answer.status, answer.warnings) == (201, ())
    denied = setting.api.create(workload(kind, without, setting.image.by_digest))
    assert denied.status == 403
    assert denied.message.endswith(ADVICE.format(setting.private.host))


@pytest.fixture
def with_accounts(
    api_server: str,
    helm: Helm,
    private: Private,
    private_signer: tuple[LocalSigner, Path],
    registry_ca: RegistryCA,
    tmp_path: Path,
) -> Iterator[Setting]:
    """Another cluster, whose pods get the pull secrets of their service account."""
    with clusters.running(api_server, registry_ca, accounts=True) as cluster:
        account = make_account(cluster, helm, tmp_path, {"enabled": True})
        with opened(cluster, account, private, private_signer[1], registry_ca) as setting:
            yield setting


def test_pod_gets_the_secrets_of_its_account(with_accounts: Setting) -> None:
    """A pod without secrets arrives with those of its service account, and is read with them."""
    api, namespace = with_accounts.api, with_accounts.namespace()
    poll(lambda: api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")["kind"] == "ServiceAccount")
    poll(lambda: "denied the request" in with_accounts.run(namespace, with_accounts.image.by_digest).message)
    api.apply(service_account(namespace, SECRET))
    answer = with_accounts.create_eventually(pod(namespace, with_accounts.image.by_digest))
    assert answer.status == 201
    assert answer.body["spec"]["imagePullSecrets"] == [{"name": SECRET}]
