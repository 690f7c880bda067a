"""`plugin install --artifact`: plugins that oras pushed into registries, and registries that exchange them."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.interop import oras_cli
from tests.servers.registry import faults
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Fault
from tests.servers.registry.faults import at
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import error_of, run
from tests.support.archives import write_tar
from tests.support.executables import shell_plugin
from tests.support.homes import Home, policy_document

_REPOSITORY = "plugins/acme"


def _push(registry: Registry, folder: Path, tag: str, text: str) -> str:
    """Pushes a plugin with oras, and returns the digest of its manifest."""
    folder.mkdir(exist_ok=True)
    write_tar(folder / "acme.tar.gz", [("notation-acme", text, 0o755)])
    flags = ["--plain-http=false", "--ca-file", registry.ca_file] if registry.ca_file else ["--plain-http"]
    secret = ""
    if registry.credentials:
        flags += ["--username", registry.credentials.name, "--password-stdin"]
        secret = registry.credentials.password
    files = ["--artifact-type", "application/vnd.acme.plugin", "--format", "json", "acme.tar.gz:application/gzip"]
    done = subprocess.run(
        [oras_cli.build(), "push", *flags, f"{registry.host}/{_REPOSITORY}:{tag}", *files],
        cwd=folder, env={"HOME": str(folder)}, input=secret, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    digest: str = json.loads(done.stdout)["digest"]
    return digest


def _trusts(home: Home, host: str) -> None:
    """Sets a policy whose statement `plugins` is for the repository alone."""
    document = policy_document(scopes=[f"{host}/{_REPOSITORY}"])
    document["trustPolicies"][0]["name"] = "plugins"
    home.set_policy(document)


def _install(home: Home, reference: str, *flags: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return run(home, "plugin", "install", "--verify-with", "plugins", "--artifact", *flags, reference, **variables)


def _executable(home: Home) -> Path:
    return home.folder / "plugins" / "acme" / "notation-acme"


def test_registry_with_tls_and_password(docker_registry: DockerRegistries, home: Home, tmp_path: Path) -> None:
    """A plugin comes out of the reference registry, with certificates and credentials as everywhere."""
    registry = docker_registry(htpasswd=True, tls=True)
    assert registry.credentials is not None
    digest = _push(registry, tmp_path / "release", "1.0.0", shell_plugin("acme"))
    reference = f"{registry.host}/{_REPOSITORY}@{digest}"
    _trusts(home, registry.host)
    secrets = {"NOTATION_USERNAME": registry.credentials.name, "NOTATION_PASSWORD": registry.credentials.password}
    flags = ("--ca-file", str(registry.ca_file))
    assert "no signature is associated with" in error_of(_install(home, reference, *flags, **secrets), 1)
    assert run(home, "sign", *flags, reference, **secrets).returncode == 0
    assert error_of(_install(home, reference, *flags), 3)
    assert error_of(_install(home, reference, **secrets), 3)
    done = _install(home, reference, *flags, **secrets)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"Successfully verified signature for {reference}\nSuccessfully installed plugin acme, version 1.0.0\n"
    )
    assert _executable(home).read_text() == shell_plugin("acme")


class _Release:
    """A signed release, and another plugin that nobody signed, behind a server that can do wrong.

    Attributes:
        proxy: The server.
        signed: Digest of the release, whose tag is `1.0.0`.
        other: Digest of the other plugin, which leaves a trace when it is run.
        trace: The trace.
    """

    def __init__(self, registry: Registry, home: Home, folder: Path, fault_proxy: FaultProxies) -> None:
        self.proxy = fault_proxy(registry)
        self.trace = folder / "ran"
        evil = shell_plugin("acme").replace("#!/bin/sh\n", f"#!/bin/sh\ntouch '{self.trace}'\n")
        self.other = _push(registry, folder / "other", "other", evil)
        self.signed = _push(registry, folder / "release", "1.0.0", shell_plugin("acme"))
        self.layers = [_layer(folder / name) for name in ("release", "other")]
        _trusts(home, self.proxy.host)
        assert run(home, "sign", self.reference(f"@{self.signed}")).returncode == 0
        self.proxy.clear()

    def reference(self, suffix: str) -> str:
        """The reference with a tag or digest."""
        return f"{self.proxy.host}/{_REPOSITORY}{suffix}"


def _layer(folder: Path) -> str:
    return f"sha256:{sha256((folder / 'acme.tar.gz').read_bytes()).hexdigest()}"


@pytest.fixture
def release(memory_registry: Registry, home: Home, tmp_path: Path, fault_proxy: FaultProxies) -> _Release:
    """The release."""
    return _Release(memory_registry, home, tmp_path, fault_proxy)


def test_tag_is_resolved_once(release: _Release, home: Home) -> None:
    """A tag is asked for once, and what it names then is verified and installed, wherever it is moved meanwhile."""
    done = _install(home, release.reference(":1.0.0"))
    assert done.returncode == 0, done.stderr
    assert sum(map(at("/manifests/1.0.0$"), release.proxy.seen)) == 1
    assert _executable(home).read_text() == shell_plugin("acme")
    moved = release.proxy.fault(_from("/v2/plugins/acme/manifests/other"), at("/manifests/1.0.0$"))
    assert "no signature is associated with" in _install(home, release.reference(":1.0.0"), "--force").stderr
    assert moved.met == 1
    assert not release.trace.exists()


def _from(target: str) -> Fault:
    """Answers with what the registry has elsewhere."""
    return lambda exchange: exchange.reply(exchange.forwarded(target))


@pytest.mark.parametrize("part", ["manifest", "layer"])
def test_exchanged_content(release: _Release, home: Home, part: str) -> None:
    """A registry that answers with another manifest or layer is found out, and nothing is run."""
    reference = release.reference(f"@{release.signed}")
    place, other = {
        "manifest": (f"/manifests/{release.signed}$", f"manifests/{release.other}"),
        "layer": (f"/blobs/{release.layers[0]}$", f"blobs/{release.layers[1]}"),
    }[part]
    rule = release.proxy.fault(_from(f"/v2/{_REPOSITORY}/{other}"), at(place, "GET"))
    assert _install(home, reference).returncode in {1, 3}
    assert rule.met
    assert not release.trace.exists()
    assert not _executable(home).exists()


@pytest.mark.parametrize(
    "fault", [faults.corrupted(), faults.shortened(), faults.lengthened(), faults.endless(), faults.gzip_bomb(1 << 28)]
)
def test_layer_that_is_not_whole(release: _Release, home: Home, fault: Fault) -> None:
    """A layer that is changed, cut, longer, endless or compressed on the way is refused."""
    rule = release.proxy.fault(fault, at("/blobs/" + release.layers[0], "GET"))
    done = _install(home, release.reference(f"@{release.signed}"))
    assert done.returncode in {1, 3}, done
    assert done.stderr.count("\n") == 1
    assert rule.met
    assert not _executable(home).exists()


def test_layer_whose_connection_breaks_once(release: _Release, home: Home) -> None:
    """What breaks off is fetched once more, or refused; never is half of it installed."""
    release.proxy.fault(faults.cut_in_body(10), at("/blobs/" + release.layers[0], "GET"), times=1)
    done = _install(home, release.reference(f"@{release.signed}"))
    assert done.returncode in {0, 3}, done
    if done.returncode == 0:
        assert _executable(home).read_text() == shell_plugin("acme")
    else:
        assert not _executable(home).exists()


def test_layer_is_fetched_after_the_verification(release: _Release, home: Home) -> None:
    """Of what nobody signed, the layer is not even fetched."""
    assert _install(home, release.reference(f"@{release.other}")).returncode == 1
    assert not any(map(at(f"/blobs/{release.layers[1]}"), release.proxy.seen))
