"""The admission program at registries that demand credentials, and at those of private CAs."""

import base64
import contextlib
import http.client
import json
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import notarykit
from notarykit import LocalSigner
from tests.servers.kubernetes.api import poll
from tests.servers.kubernetes.program import Replica, policy_files, running
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.running import CREDENTIALS, Credentials, Registry
from tests.support.ca import make_chain
from tests.support.homes import Home
from tests.support.registries import push_artifacts
from tests.unit.admission.policy.volumes import write_files

_SECONDS = 60
_NAME = "team/app"


class _Program(NamedTuple):
    """Program that runs.

    Attributes:
        replica: Its process.
        ca: CA of its certificate.
    """

    replica: Replica
    ca: RegistryCA

    def verify(self, reference: str) -> Mapping[str, Any]:
        """Returns the verdict on an image."""
        context = ssl.create_default_context(cafile=self.ca.ca_file)
        connection = http.client.HTTPSConnection("127.0.0.1", self.replica.port, context=context, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request("POST", "/v1/verify", json.dumps({"references": [reference]}))
            (result,) = json.loads(connection.getresponse().read())["results"]
        found: Mapping[str, Any] = result
        return found

    def accepts(self, reference: str) -> bool:
        """Tells whether an image is accepted."""
        return self.verify(reference).get("verdict") == "verified"

    def page(self, path: str) -> str:
        """Returns a page."""
        context = ssl.create_default_context(cafile=self.ca.ca_file)
        connection = http.client.HTTPSConnection("127.0.0.1", self.replica.port, context=context, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()


class _Setting:
    """Signer, and what makes programs that trust it."""

    def __init__(self, stack: contextlib.ExitStack, ca: RegistryCA, folder: Path) -> None:
        self._stack = stack
        self._ca = ca
        chain = make_chain()
        key, certificates = Home(folder / "signer").add_key(chain)
        self._signer = LocalSigner.from_files(str(key), str(certificates))
        self._policies = write_files(folder / "policy", policy_files(chain))
        self.folder = folder

    def run(self, *flags: str, **variables: str) -> _Program:
        """Runs the program until the test ends."""
        with pytest.MonkeyPatch.context() as changes:
            for name, value in variables.items():
                changes.setenv(name, value)
            replica = self._stack.enter_context(running(self._policies, self._ca.server(), *flags))
        return _Program(replica, self._ca)

    def config(self, content: Any) -> str:
        """Writes a file of Docker's form."""
        path = self.folder / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def push(self, registry: Registry, authorization: str, login: Credentials = CREDENTIALS, name: str = _NAME) -> str:
        """Pushes an image and signs it, and returns its reference."""
        context = ssl.create_default_context(cafile=registry.ca_file) if registry.ca_file else None
        (digest,) = push_artifacts(registry.address, name, ["v1"], context, authorization)
        reference = f"{registry.address}/{name}@{digest}"
        with notarykit.load_registries(
            credentials=lambda _: notarykit.Credentials(*login),
            ca_file=registry.ca_file or "",
            plain_http=() if registry.ca_file else (registry.address,),
        ) as registries:
            notarykit.sign(reference, self._signer, registries=registries)
        return reference


@pytest.fixture
def setting(stack: contextlib.ExitStack, registry_ca: RegistryCA, tmp_path: Path) -> Iterator[_Setting]:
    """What the tests need of everything else."""
    with contextlib.ExitStack() as programs:
        yield _Setting(programs, registry_ca, tmp_path)


def _auths(registry: Registry, login: Credentials = CREDENTIALS) -> Mapping[str, Any]:
    return {"auths": {registry.address: {"auth": base64.b64encode(":".join(login).encode()).decode()}}}


def test_file_of_credentials(setting: _Setting, docker_registry: DockerRegistries) -> None:
    """The credentials of the file count; another file is taken up while the program runs, a broken one is reported."""
    registry = docker_registry(htpasswd=True)
    reference = setting.push(registry, CREDENTIALS.basic)
    flags = ("--docker-config", setting.config({}), "--plain-http", registry.address)
    program = setting.run(*flags)
    assert "requires a user name and a password" in program.verify(reference)["error"]["message"]
    setting.config("{")
    poll(lambda: "config.json" in program.page("/readyz"))
    assert not program.accepts(reference)
    setting.config(_auths(registry))
    poll(lambda: program.accepts(reference))
    assert program.page("/readyz") == "ready"
    assert CREDENTIALS.password not in program.replica.said()


def test_credentials_of_a_helper_end(
    setting: _Setting, docker_registry: DockerRegistries, token_server: TokenServers
) -> None:
    """When the credentials that a helper gave are not accepted any more, it is asked for others, without a restart."""
    tokens = token_server("ES256", tls=True)
    registry = docker_registry(tokens=tokens, realm=f"https://{tokens.host}/token", tls=True)
    assert registry.ca_file is not None

    def push(name: str) -> str:
        allowed = f"Bearer {tokens.token(f'repository:{name}:pull,push')}"
        return setting.push(registry, allowed, tokens.credentials, name)

    answer, helper = setting.folder / "answer.json", setting.folder / "docker-credential-cloud"
    helper.write_text(f"#!{sys.executable}\nprint(open({str(answer)!r}).read())\n")
    helper.chmod(0o700)

    def helper_knows(login: Credentials) -> None:
        answer.write_text(json.dumps({"ServerURL": registry.address, "Username": login[0], "Secret": login[1]}))

    helper_knows(tokens.credentials)
    config = setting.config({"credHelpers": {registry.address: "cloud"}})
    flags = ("--docker-config", config, "--registry-ca", registry.ca_file)
    program = setting.run(*flags, PATH=str(setting.folder))
    assert program.accepts(push("first"))
    tokens.credentials = Credentials("tester", "of the next hour")
    helper_knows(tokens.credentials)
    assert program.accepts(push("second"))


def test_private_ca(setting: _Setting, docker_registry: DockerRegistries) -> None:
    """A registry of a private CA is trusted where its CA is named, and not otherwise."""
    registry = docker_registry(htpasswd=True, tls=True)
    assert registry.ca_file is not None
    reference = setting.push(registry, CREDENTIALS.basic)
    config = setting.config(_auths(registry))
    without = setting.run("--docker-config", config).verify(reference)["error"]["message"]
    assert "its certificate is not trusted" in without
    assert setting.run("--docker-config", config, "--registry-ca", registry.ca_file).accepts(reference)


def test_plain_http_where_it_is_allowed(setting: _Setting, docker_registry: DockerRegistries) -> None:
    """Without TLS only those registries are asked that are named."""
    registry = docker_registry(htpasswd=True)
    reference = setting.push(registry, CREDENTIALS.basic)
    config = setting.config(_auths(registry))
    assert not setting.run("--docker-config", config, "--plain-http", "r.test").accepts(reference)
    assert setting.run("--docker-config", config, "--plain-http", registry.address).accepts(reference)
