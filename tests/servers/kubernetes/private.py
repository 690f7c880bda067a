"""Images that nobody reads without credentials, and the program with what the chart lets it read."""

import base64
import contextlib
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import notarykit
from notarykit import LocalSigner
from tests.charts.helm import NAME, NAMESPACE, Helm
from tests.charts.settings import GIVEN_CERTIFICATE
from tests.servers.kubernetes.api import API, Answer, Object
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.images import Image
from tests.servers.kubernetes.objects import namespace, new_name, pod
from tests.servers.kubernetes.program import PIN, VALIDATE, Replica, register, running, wait_for
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.running import Credentials, Registry
from tests.servers.registry.token_server import TokenServer
from tests.support.polling import poll
from tests.support.registries import push_artifacts

SECRET = "registry"
PULL_SECRETS = f"{NAME}-pull-secrets"
"""Name of the chart's objects that let the program read pull secrets."""
PROGRAM = f"system:serviceaccount:{NAMESPACE}:{NAME}"
"""Name of the program to the API server."""


class Private:
    """Registry that demands tokens, for which its token server demands credentials; both speak TLS.

    Args:
        registry: The registry.
        tokens: Its token server.
        signer: Signs images.

    Attributes:
        ca_file: CA of both.
        host: The registry's host in references.
    """

    def __init__(self, registry: Registry, tokens: TokenServer, signer: LocalSigner) -> None:
        assert registry.ca_file is not None
        self.ca_file = registry.ca_file
        self.host = registry.address
        self._tokens = tokens
        self._signer = signer

    @property
    def credentials(self) -> Credentials:
        """Credentials that are accepted."""
        return self._tokens.credentials

    def accept(self, credentials: Credentials) -> None:
        """Accepts other credentials from now on."""
        self._tokens.credentials = credentials

    def push(self, *, is_signed: bool = True) -> Image:
        """Pushes an image into a repository of its own."""
        name, tag = f"team/{uuid.uuid4().hex}", "v1"
        allowed = f"Bearer {self._tokens.token(f'repository:{name}:pull,push')}"
        context = ssl.create_default_context(cafile=self.ca_file)
        (digest,) = push_artifacts(self.host, name, [tag], context, allowed)
        image = Image(f"{self.host}/{name}", tag, digest)
        if is_signed:
            login = notarykit.Credentials(*self.credentials)
            with notarykit.load_registries(credentials=lambda _: login, ca_file=self.ca_file) as registries:
                notarykit.sign(image.by_digest, self._signer, registries=registries)
        return image


def pull_secret(namespace: str, logins: Mapping[str, Credentials], name: str = SECRET) -> Object:
    """Returns a secret with credentials by hosts, as `kubectl create secret docker-registry` makes it."""
    auths = {
        host: {"username": each.name, "password": each.password, "auth": each.basic.removeprefix("Basic ")}
        for host, each in logins.items()
    }
    content = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": content},
    }


def pulling(made: Object, *names: str) -> Object:
    """Returns a pod with pull secrets."""
    return {**made, "spec": {**made["spec"], "imagePullSecrets": [{"name": name} for name in names]}}


def private_pod(namespace: str, image: str, *names: str) -> Object:
    """Returns a pod with one container, and with pull secrets."""
    return pulling(pod(namespace, image), *names)


class Account(NamedTuple):
    """Service account of the program, with what the chart lets it read, and nothing else.

    Attributes:
        api: Client of the administrator.
        kubeconfig: File by which the program reaches the API server.
        token: File with the account's token.
    """

    api: API
    kubeconfig: str
    token: Path

    def renew(self) -> None:
        """Makes the account anew, so that its old token counts no more, and writes the new one."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": NAMESPACE}}
        self.api.delete(account)
        self.api.apply(account)
        self.write()

    def write(self) -> None:
        """Writes a new token."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAME}/token"
        self.token.write_text(self.api.done(self.api.request("POST", path, request))["status"]["token"])


def make_account(cluster: Cluster, helm: Helm, folder: Path, values: Mapping[str, Any]) -> Account:
    """Makes the service account of the program and its rights, as the chart has them.

    Args:
        cluster: The cluster.
        helm: Helm with the chart.
        folder: Folder for files.
        values: Values of the chart's `pullSecrets`.
    """
    rendered = helm.render({**GIVEN_CERTIFICATE, "pullSecrets": values})
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    for kind in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
        for made in rendered.all(kind):
            cluster.api.apply(dict(made))
    settings = {
        "clusters": [{"name": "c", "cluster": {"server": cluster.url, "certificate-authority": cluster.ca_file}}],
        "users": [{"name": "u", "user": {"tokenFile": "token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (folder / "kubeconfig").write_text(json.dumps(settings))
    account = Account(cluster.api, str(folder / "kubeconfig"), folder / "token")
    account.write()
    return account


def new_namespace(api: API, *webhooks: str) -> str:
    """Makes a namespace for which webhooks are asked, with its default service account, and returns its name."""
    name = new_name("ns")
    api.apply(namespace(name, *webhooks))
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}})
    return name


@contextlib.contextmanager
def reading(policies: Path, pair: KeyPair, account: Account, private: Private) -> Iterator[Replica]:
    """Runs the program, which reads pull secrets, while the context is active."""
    flags = ("--pull-secrets", "--kubeconfig", account.kubeconfig, "--registry-ca", private.ca_file)
    with running(policies, pair, *flags) as replica:
        yield replica


def service_account(namespace: str, *secrets: str) -> Object:
    """Returns the service account that pods have which name none."""
    metadata = {"name": "default", "namespace": namespace}
    named = [{"name": name} for name in secrets]
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "imagePullSecrets": named}


class Setting(NamedTuple):
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

    def create_eventually(self, made: Object) -> Answer:
        """Creates an object when it is admitted: a denial counts for seconds."""
        poll(lambda: self.api.create(made, dry_run=True).is_good)
        return self.api.create(made)


@contextlib.contextmanager
def opened(cluster: Cluster, account: Account, private: Private, policies: Path, ca: RegistryCA) -> Iterator[Setting]:
    """Runs the program and has webhooks ask it, while the context is active.

    Args:
        cluster: The cluster.
        account: Service account of the program in it.
        private: The registry.
        policies: Folder of the policies.
        ca: CA of the program's certificate.
    """
    image, webhooks = private.push(), (new_name("private-pin"), new_name("private-validate"))
    with reading(policies, ca.server(), account, private) as replica:
        for name, door in zip(webhooks, (PIN, VALIDATE), strict=True):
            register(cluster.api, name, door, replica.port, ca.ca_file)
            wait_for(cluster.api, name, new_namespace(cluster.api, name))
        yield Setting(cluster.api, private, account, image, webhooks, replica)
