"""Verdicts for anybody who asks the admission program about artifacts in a registry."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from notarykit import LocalSigner
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.program import policy_files, running
from tests.servers.registry import faults
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import run
from tests.support.ca import make_chain, name
from tests.support.homes import Home
from tests.unit.admission.doors.documents import answered
from tests.unit.admission.policy.volumes import write_files

_SECONDS_TO_END = 60


class _Asked(NamedTuple):
    """A program that is asked about images.

    Attributes:
        address: Address of the door.
        ca_file: CA of its certificate.
        images: The images.
        policies: Folder of its policies, which is laid out as the user's settings.
    """

    address: str
    ca_file: str
    images: Images
    policies: Path

    def results(self, *references: str, timeout: str = "30s") -> list[dict[str, Any]]:
        """Returns the result of each reference."""
        body = json.dumps({"references": references}).encode()
        context = ssl.create_default_context(cafile=self.ca_file)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{self.address}?timeout={timeout}", body, _SECONDS_TO_END) as response:
            found: list[dict[str, Any]] = answered(response.read())["results"]
        return found


@pytest.fixture
def asked(
    memory_registry: Registry, fault_proxy: FaultProxies, registry_ca: RegistryCA, tmp_path: Path
) -> Iterator[_Asked]:
    """Yields the program, and images by a trusted signer, by another, and without a signature."""
    chains = [make_chain(subject=name(who)) for who in ("acme", "stranger")]
    home = Home(tmp_path / "signers")
    keys = [home.add_key(chain, f"key{number}") for number, chain in enumerate(chains)]
    signers = [LocalSigner.from_files(str(key), str(certificates)) for key, certificates in keys]
    images = Images(memory_registry, fault_proxy(memory_registry), chains, signers)
    policies = tmp_path / "policies"
    write_files(policies, policy_files(chains[0]))
    with running(policies, registry_ca.server()) as replica:
        yield _Asked(f"https://127.0.0.1:{replica.port}/v1/verify", registry_ca.ca_file, images, policies)


def test_verdicts_are_those_of_the_command_line(asked: _Asked) -> None:
    """The command with the same policy prints what the door answers, first from the registry and then as known."""
    images = asked.images
    references = [images.signed.by_digest, images.foreign.by_digest, images.unsigned.by_digest, images.signed.by_tag]
    # With a limit of its own the command makes a revocation check, too, where no certificate names a responder.
    printed = run(Home(asked.policies), "verify", "--ocsp-timeout", "3s", "--output", "json", *references)
    wanted = json.loads(printed.stdout)["results"]
    assert [each["verdict"] for each in wanted] == ["verified", "failed", "failed", "verified"]
    assert asked.results(*references) == wanted
    count = len(images.requests(images.foreign))
    assert asked.results(*references) == wanted
    assert len(images.requests(images.foreign)) == count


def test_what_is_wrong_with_one_reference_is_its_own(asked: _Asked) -> None:
    """Each reference has its own error, beside the verdicts of others."""
    images = asked.images
    absent = images.signed._replace(tag="absent").by_tag
    results = asked.results("nginx", absent, images.signed.by_tag)
    assert [each["verdict"] for each in results] == ["failed", "failed", "verified"]
    assert [(each["error"]["type"], each["error"]["exitCode"]) for each in results[:2]] == [
        ("UsageError", 2),
        ("ArtifactNotFoundError", 3),
    ]


def test_slow_registry_is_answered_for_in_time(asked: _Asked) -> None:
    """A registry that does not answer leaves its artifact without a verdict; the next try has it."""
    gate = asked.images.proxy.gate()
    asked.images.proxy.fault(faults.held(gate), lambda seen: asked.images.signed.name in seen.path)
    (result,) = asked.results(asked.images.signed.by_digest, timeout="1s")
    assert result["error"]["message"].startswith("no decision within 0.8 seconds; the examination goes on")
    assert (result["verdict"], result["error"]["exitCode"]) == ("failed", 3)
    gate.opened.set()
    (result,) = asked.results(asked.images.signed.by_digest)
    assert result["verdict"] == "verified"
