"""Pull secrets in a real cluster: private images are read with what their pods may pull them with, and nothing else."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from notarykit import LocalSigner
from tests.charts.helm import Helm
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.api import API, Answer, Object
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.images import Image
from tests.servers.kubernetes.objects import WORKLOADS, pod, workload
from tests.servers.kubernetes.private import (
    PROGRAM,
    PULL_SECRETS,
    SECRET,
    Account,
    Private,
    make_account,
    new_namespace,
    private_pod,
    pull_secret,
    reading,
)
from tests.servers.kubernetes.program import PIN, VALIDATE, Replica, policy_files, register, wait_for
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.running import Credentials
from tests.servers.registry.token_server import TokenServer
from tests.support.ca import make_chain
from tests.support.homes import Home
from tests.support.polling import poll
from tests.support.requirements import require
from tests.unit.admission.policy.volumes import write_files

_ADVICE = "name a secret with credentials for {} in imagePullSecrets"


class _Setting(NamedTuple):
    """Cluster with the program, and a private registry.

    Attributes:
        api: Client of the API server.
        private: The registry.
        account: Service account of the program.
        image: Signed image of the registry.
        webhooks: Names of the webhooks: one that pins, and one that only validates.
        replica: The program.
    """

    api: API
    private: Private
    account: Account
    image: Image
    webhooks: tuple[str, str]
    replica: Replica

    def namespace(self, *, has_secret: bool = True, pins: bool = False) -> str:
        """Makes a namespace whose pods are judged, and a secret in it."""
        name = new_namespace(self.api, *(self.webhooks if pins else self.webhooks[1:]))
        if has_secret:
            self.api.apply(pull_secret(name, {self.private.host: self.private.credentials}))
        return name

    def run(self, namespace: str, image: str, *secrets: str) -> Answer:
        """Creates a pod with pull secrets."""
        return self.api.create(private_pod(namespace, image, *secrets))


@contextlib.contextmanager
def _opened(cluster: Cluster, account: Account, private: Private, policies: Path, ca: RegistryCA) -> Iterator[_Setting]:
    image, webhooks = private.push(), ("private-pin", "private-validate")
    with reading(policies, ca.server(), account, private) as replica:
        for name, door in zip(webhooks, (PIN, VALIDATE), strict=True):
            register(cluster.api, name, door, replica.port, ca.ca_file)
            wait_for(cluster.api, name, new_namespace(cluster.api, name))
        yield _Setting(cluster.api, private, account, image, webhooks, replica)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalSigner, Path]:
    """A signer, and a folder of policies that trust it."""
    chain, home = make_chain(), Home(tmp_path_factory.mktemp("signer"))
    folder = write_files(tmp_path_factory.mktemp("private") / "policy", policy_files(chain))
    key, certificates = home.add_key(chain)
    return LocalSigner.from_files(str(key), str(certificates)), folder


@pytest.fixture(scope="module")
def private(registry_ca: RegistryCA, signer: tuple[LocalSigner, Path]) -> Iterator[Private]:
    """Debian's registry, behind a token server."""
    require("docker-registry")
    with contextlib.ExitStack() as stack:
        tokens = stack.enter_context(TokenServer("ES256", certificate=registry_ca.server()))
        registry = DockerRegistries(stack, registry_ca)(tokens=tokens, realm=f"https://{tokens.host}/token", tls=True)
        yield Private(registry, tokens, signer[0])


@pytest.fixture(scope="module")
def setting(
    cluster: Cluster,
    helm: Helm,
    private: Private,
    signer: tuple[LocalSigner, Path],
    registry_ca: RegistryCA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[_Setting]:
    """The cluster with the program beside it, which may read pull secrets everywhere."""
    account = make_account(cluster, helm, tmp_path_factory.mktemp("account"), {"enabled": True})
    with _opened(cluster, account, private, signer[1], registry_ca) as setting:
        yield setting


def test_pod_with_the_secret_starts(setting: _Setting) -> None:
    """A pod whose secret lets its image be read is created, as it was written."""
    answer = setting.run(setting.namespace(), setting.image.by_digest, SECRET)
    assert (answer.status, answer.warnings) == (201, ())


def test_tag_is_pinned_with_the_secret(setting: _Setting) -> None:
    """So is one with a tag, which is looked up with the secret too."""
    answer = setting.run(setting.namespace(pins=True), setting.image.by_tag, SECRET)
    assert answer.status == 201
    assert answer.body["spec"]["containers"][0]["image"] == setting.image.pinned


def test_webhooks_share_the_decision(setting: _Setting) -> None:
    """What the webhook that pins has verified with a secret is not verified again by the one that validates."""
    image = setting.private.push()
    assert setting.run(setting.namespace(pins=True), image.by_tag, SECRET).status == 201
    assert not setting.replica.verdicts(image.by_tag)[0].get("cached")
    assert setting.replica.verdicts(image.pinned)[0].get("cached")


def test_unsigned_image_is_denied(setting: _Setting) -> None:
    """A secret makes no signature."""
    answer = setting.run(setting.namespace(), setting.private.push(is_signed=False).by_digest, SECRET)
    assert answer.status == 403
    assert "no signature is associated" in answer.message


def test_pod_without_a_secret_is_told_what_to_do(setting: _Setting) -> None:
    """A pod that names no secret is denied, in words for whoever wrote it, whatever others have had read before."""
    namespace = setting.namespace()
    assert setting.run(namespace, setting.image.by_digest, SECRET).status == 201
    answer = setting.run(namespace, setting.image.by_digest)
    assert answer.status == 403
    assert answer.message.endswith(f": {_ADVICE.format(setting.private.host)}")
    assert "requires credentials" in answer.message


def test_missing_secret_is_named(setting: _Setting) -> None:
    """A secret that does not exist is named to whoever is denied for want of it, and counts when it is there."""
    namespace, other = setting.namespace(has_secret=False), setting.private.push()
    answer = setting.run(namespace, other.by_digest, SECRET)
    assert answer.status == 403
    assert answer.message.endswith(f"{_ADVICE.format(setting.private.host)} (secret '{SECRET}' does not exist)")
    setting.api.apply(pull_secret(namespace, {setting.private.host: setting.private.credentials}))
    assert _eventually(setting, private_pod(namespace, other.by_digest, SECRET)).status == 201


def _eventually(setting: _Setting, made: Object) -> Answer:
    """Creates an object when it is admitted: a denial counts for seconds."""
    poll(lambda: setting.api.create(made, dry_run=True).is_good)
    return setting.api.create(made)


@pytest.mark.parametrize("name", [SECRET, "../../{}/secrets/registry", "../{}/registry", "registry?namespace={}"])
def test_secret_of_another_namespace_is_not_used(setting: _Setting, name: str) -> None:
    """A pod is read with the secrets of its own namespace, whatever it writes for their names."""
    victim, namespace = setting.namespace(), setting.namespace(has_secret=False)
    assert setting.run(victim, setting.image.by_digest, SECRET).status == 201
    answer = setting.run(namespace, setting.image.by_digest, name.format(victim))
    assert answer.status == 403
    assert "does not exist" in answer.message


def test_namespace_in_the_object_does_not_count(setting: _Setting) -> None:
    """An object cannot name another namespace than its request: the API server refuses it."""
    victim, namespace = setting.namespace(), setting.namespace(has_secret=False)
    made = private_pod(victim, setting.image.by_digest, SECRET)
    answer = setting.api.request("POST", f"/api/v1/namespaces/{namespace}/pods", made)
    assert answer.status == 400
    assert "does not match" in answer.message


def test_secret_goes_to_its_host_alone(setting: _Setting) -> None:
    """Another registry, named by a pod with a secret for this one, gets no credentials."""
    namespace = setting.namespace()
    with FaultProxy(None) as other:
        reference = setting.image.by_digest.replace(setting.private.host, other.host)
        assert setting.run(namespace, reference, SECRET).status == 403
        with other.lock:
            assert [seen.authorization for seen in other.seen if seen.authorization] == []


@pytest.mark.parametrize("kind", WORKLOADS)
def test_secret_of_the_service_account(setting: _Setting, kind: str) -> None:
    """Templates are read with the secrets of their service account, which the API server puts into no template."""
    with_secret, without = setting.namespace(), setting.namespace()
    setting.api.apply(_account(with_secret, SECRET))
    answer = setting.api.create(workload(kind, with_secret, setting.image.by_digest))
    assert (answer.status, answer.warnings) == (201, ())
    denied = setting.api.create(workload(kind, without, setting.image.by_digest))
    assert denied.status == 403
    assert denied.message.endswith(_ADVICE.format(setting.private.host))


def _account(namespace: str, *secrets: str) -> Object:
    """Returns the service account that pods have which name none."""
    metadata = {"name": "default", "namespace": namespace}
    named = [{"name": name} for name in secrets]
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "imagePullSecrets": named}


def test_rotated_secret_is_taken_up(setting: _Setting) -> None:
    """When the registry takes other credentials, those that the secret has now are read for the next image."""
    namespace = setting.namespace()
    assert setting.run(namespace, setting.private.push().by_digest, SECRET).status == 201
    old, new = setting.private.credentials, Credentials("rotated", "other words")
    setting.private.accept(new)
    try:
        image = setting.private.push()
        denied = setting.run(namespace, image.by_digest, SECRET)
        assert denied.status == 403
        assert "put credentials into the pull secrets that may read" in denied.message
        setting.api.apply(pull_secret(namespace, {setting.private.host: new}))
        assert _eventually(setting, private_pod(namespace, image.by_digest, SECRET)).status == 201
    finally:
        setting.private.accept(old)


def test_token_of_the_program_is_rotated(setting: _Setting) -> None:
    """When its token counts no more, the program reads the new one."""
    setting.account.renew()
    assert setting.run(setting.namespace(), setting.private.push().by_digest, SECRET).status == 201


def test_secret_that_may_not_be_read(setting: _Setting) -> None:
    """Where the program may not read a secret, whoever is denied reads what it needs; it counts once that is given."""
    binding = setting.api.get(f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{PULL_SECRETS}")
    namespace, image = setting.namespace(), setting.private.push()
    setting.api.delete(binding)
    try:
        _is_allowed(setting, namespace, allowed=False)
        answer = setting.run(namespace, image.by_digest, SECRET)
        assert answer.status == 403
        assert "(secret 'registry' may not be read by this program, whose service account needs 'get'" in answer.message
    finally:
        setting.api.apply(
            {key: binding[key] for key in ("apiVersion", "kind", "roleRef", "subjects")} | _named(binding)
        )
    _is_allowed(setting, namespace, allowed=True)
    assert _eventually(setting, private_pod(namespace, image.by_digest, SECRET)).status == 201


def _named(stored: Object) -> Object:
    return {"metadata": {"name": stored["metadata"]["name"]}}


def _is_allowed(setting: _Setting, namespace: str, *, allowed: bool) -> None:
    """Waits until the API server lets the program read the secret of a namespace, or no more."""
    program = setting.api.impersonating(PROGRAM)
    path = f"/api/v1/namespaces/{namespace}/secrets/{SECRET}"
    poll(lambda: program.request("GET", path).is_good is allowed)


def test_rights_of_the_program(setting: _Setting) -> None:
    """The chart lets the program read secrets and service accounts by their names, and neither list nor change them."""
    api, namespace = setting.api, setting.namespace()
    program = api.impersonating(PROGRAM)
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    assert program.request("GET", f"{secrets}/{SECRET}").status == 200
    assert program.request("GET", secrets).status == 403
    assert program.request("GET", f"{secrets}?watch=1").status == 403
    assert program.request("DELETE", f"{secrets}/{SECRET}").status == 403
    assert program.request("GET", f"/api/v1/namespaces/{namespace}/pods/any").status == 403


@pytest.fixture
def with_accounts(
    api_server: str,
    helm: Helm,
    private: Private,
    signer: tuple[LocalSigner, Path],
    registry_ca: RegistryCA,
    tmp_path: Path,
) -> Iterator[_Setting]:
    """Another cluster, whose pods get the pull secrets of their service account."""
    with clusters.running(api_server, registry_ca, accounts=True) as cluster:
        account = make_account(cluster, helm, tmp_path, {"enabled": True})
        with _opened(cluster, account, private, signer[1], registry_ca) as setting:
            yield setting


def test_pod_gets_the_secrets_of_its_account(with_accounts: _Setting) -> None:
    """A pod without secrets arrives with those of its service account, and is read with them."""
    api, namespace = with_accounts.api, with_accounts.namespace()
    poll(lambda: api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")["kind"] == "ServiceAccount")
    poll(lambda: "denied the request" in with_accounts.run(namespace, with_accounts.image.by_digest).message)
    api.apply(_account(namespace, SECRET))
    answer = _eventually(with_accounts, pod(namespace, with_accounts.image.by_digest))
    assert answer.status == 201
    assert answer.body["spec"]["imagePullSecrets"] == [{"name": SECRET}]
