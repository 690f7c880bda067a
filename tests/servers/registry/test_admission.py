"""The admission program at registries that demand credentials, and at those of private CAs."""

import base64
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.servers.registry.admission import Setting
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.running import CREDENTIALS, Credentials, Registry
from tests.support.polling import poll


@pytest.fixture
def setting(stack: contextlib.ExitStack, registry_ca: RegistryCA, tmp_path: Path) -> Iterator[Setting]:
    """What the tests need of everything else."""
    with contextlib.ExitStack() as programs:
        yield Setting(programs, registry_ca, tmp_path)


def _auths(registry: Registry, login: Credentials = CREDENTIALS) -> Mapping[str, Any]:
    return {"auths": {registry.address: {"auth": base64.b64encode(":".join(login).encode()).decode()}}}


def test_file_of_credentials(setting: Setting, docker_registry: DockerRegistries) -> None:
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
    setting: Setting, docker_registry: DockerRegistries, token_server: TokenServers
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


def test_private_ca(setting: Setting, docker_registry: DockerRegistries) -> None:
    """A registry of a private CA is trusted where its CA is named, and not otherwise."""
    registry = docker_registry(htpasswd=True, tls=True)
    assert registry.ca_file is not None
    reference = setting.push(registry, CREDENTIALS.basic)
    config = setting.config(_auths(registry))
    without = setting.run("--docker-config", config).verify(reference)["error"]["message"]
    assert "its certificate is not trusted" in without
    assert setting.run("--docker-config", config, "--registry-ca", registry.ca_file).accepts(reference)


def test_plain_http_where_it_is_allowed(setting: Setting, docker_registry: DockerRegistries) -> None:
    """Without TLS only those registries are asked that are named."""
    registry = docker_registry(htpasswd=True)
    reference = setting.push(registry, CREDENTIALS.basic)
    config = setting.config(_auths(registry))
    assert not setting.run("--docker-config", config, "--plain-http", "r.test").accepts(reference)
    assert setting.run("--docker-config", config, "--plain-http", registry.address).accepts(reference)
