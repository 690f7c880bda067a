"""Image indexes in a registry: requests, absent manifests, and registries that fail in the middle."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from tests.interop import image_program
from tests.interop.image_program import Digests
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import run
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts, push_index

_PARTS = ("index", "linux/amd64", "linux/arm64/v8", "nested", "linux/arm/v6", "linux/arm/v7")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user with a key that is trusted."""
    return complete_home(tmp_path / "home", make_chain())


@pytest.fixture
def proxy(memory_registry: Registry, fault_proxy: FaultProxies) -> FaultProxy:
    """A server in front of the registry that does all."""
    return fault_proxy(memory_registry)


@pytest.fixture
def digests(memory_registry: Registry) -> Digests:
    """Digests of an image index in the registry, under the tag v1, and of its parts."""
    return image_program.push(f"{memory_registry.host}/team/app:v1")


def _results(home: Home, code: int, *arguments: str) -> list[dict[str, Any]]:
    done = run(home, *arguments, "--output", "json")
    assert done.returncode == code, done
    results: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    return results


def test_each_manifest_is_requested_once(home: Home, proxy: FaultProxy, digests: Digests) -> None:
    """Signing a tree requests each of its manifests once, and `--skip-signed` the referrers of each once."""
    reference = f"{proxy.host}/team/app@{digests['index']}"
    signed = _results(home, 0, "sign", "-r", reference)
    assert [result["artifact"]["digest"] for result in signed] == [digests[part] for part in _PARTS]
    for part in _PARTS:
        assert sum(map(at(f"/manifests/{digests[part]}$", "GET"), proxy.seen)) == 1
    proxy.seen.clear()
    again = _results(home, 0, "sign", "-r", "--skip-signed", reference)
    assert all(result["alreadySigned"] for result in again)
    for part in _PARTS:
        assert sum(map(at(f"/referrers/{digests[part]}$", "GET"), proxy.seen)) == 1
    assert not [seen for seen in proxy.seen if seen.method != "GET"]
    assert len(_results(home, 0, "verify", "-r", reference)) == len(_PARTS)


def test_sparse_index(home: Home, proxy: FaultProxy, digests: Digests) -> None:
    """A manifest and an index that are absent, as in a mirror, are reported, and the others are signed and verified."""
    for part in ("linux/amd64", "nested"):
        proxy.fault(faults.status(404), at(f"/manifests/{digests[part]}$"))
    reference = f"{proxy.host}/team/app@{digests['index']}"
    signed = _results(home, 0, "sign", "-r", reference)
    assert [result["signed"] for result in signed] == [True, False, True, False]
    assert [result["absent"] for result in signed if not result["signed"]] == [True, True]
    verified = _results(home, 0, "verify", "-r", reference)
    assert [result["verdict"] for result in verified] == ["verified", "absent", "verified", "absent"]


def test_manifest_that_cannot_be_read_is_no_absent_one(home: Home, proxy: FaultProxy, digests: Digests) -> None:
    """A manifest that the registry denies, or fails to return, is an error, and the others are signed."""
    proxy.fault(faults.status(403), at(f"/manifests/{digests['linux/amd64']}$"))
    proxy.fault(faults.status(400), at(f"/manifests/{digests['nested']}$"))
    signed = _results(home, 3, "sign", "-r", f"{proxy.host}/team/app@{digests['index']}")
    assert [result["signed"] for result in signed] == [True, False, True, False]
    assert [result["error"]["type"] for result in signed if not result["signed"]] == ["AccessError", "NetworkError"]


def test_tag_that_moves_is_resolved_once(home: Home, proxy: FaultProxy, digests: Digests) -> None:
    """A tag is requested once, so that what is signed is one version of it."""
    signed = _results(home, 0, "sign", "-r", f"{proxy.host}/team/app:v1")
    assert signed[0]["reference"] == f"{proxy.host}/team/app:v1@{digests['index']}"
    assert sum(map(at("/manifests/v1$"), proxy.seen)) == 1


@pytest.mark.parametrize("change", [{"size": 1}, {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}])
def test_manifest_that_is_not_as_listed_is_refused(
    home: Home, plain_registry: GoRegistries, change: dict[str, Any]
) -> None:
    """A manifest with another size or media type than its index lists is neither signed nor verified with it."""
    registry = plain_registry()
    digest, other = push_artifacts(registry.address, "team/app", ["one", "two"])
    with closing(RegistryHost(registry.host, RegistrySettings())) as host:
        true = [RegistryRepository(host, "team/app").resolve(each).to_json() for each in (digest, other)]
    index = push_index(registry.address, "team/app", [{**true[0], **change}, true[1]])
    _results(
        home, 0, "sign", "--manifest-form=older", *(f"{registry.host}/team/app@{each}" for each in (digest, other))
    )
    for command in ("sign", "verify"):
        _, refused, accepted = _results(home, 1, command, "-r", f"{registry.host}/team/app@{index['digest']}")
        assert refused["error"]["type"] == "ContentError"
        assert f"index {index['digest']} lists {digest}" in refused["error"]["message"]
        assert "error" not in accepted


def test_index_below_the_deepest_is_an_error(home: Home, plain_registry: GoRegistries) -> None:
    """An index that is nested more than eight deep is an error of its own, though it could be signed itself."""
    registry = plain_registry()
    nested = push_index(registry.address, "team/app", [])
    for _ in range(9):
        nested = push_index(registry.address, "team/app", [nested])
    *signed, last = _results(home, 3, "sign", "-r", f"{registry.host}/team/app@{nested['digest']}")
    assert [result["signed"] for result in signed] == [True] * 9
    assert "nested more than 8 deep" in last["error"]["message"]
