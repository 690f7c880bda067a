"""Bundles from one registry into another: each kind lists the signatures that were pushed, and nothing is lost."""

import http.client
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.interop import image_program
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import error_of, run
from tests.support.bundles import Parts, members_of
from tests.support.ca import make_chain
from tests.support.homes import SCOPE, Home, complete_home, policy_document
from tests.support.layouts import MANIFEST_TYPE, add_blob, make_layout, read_index, write_index
from tests.support.registries import fallback_entries, push_artifacts

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schema" / "bundle-push.json").read_text())
NAME = "team/thing"
KINDS = ("memory", "plain", "no API", "docker")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A user with a key that is trusted, whose working folder is empty."""
    monkeypatch.chdir(tmp_path)
    return complete_home(tmp_path / "home", make_chain())


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Callable[[str], Registry]:
    """Starts a registry of a kind."""

    def start(kind: str) -> Registry:
        if kind == "docker":
            docker: DockerRegistries = request.getfixturevalue("docker_registry")
            return docker()
        plain: GoRegistries = request.getfixturevalue("plain_registry")
        return plain.memory() if kind == "memory" else plain(referrers=kind == "plain")

    return start


def _did(home: Home, *arguments: str) -> str:
    done = run(home, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def _pushed(home: Home, code: int, *arguments: str) -> list[dict[str, Any]]:
    done = run(home, "bundle", "push", *arguments, "--output", "json")
    assert done.returncode == code, done
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    results: list[dict[str, Any]] = document["results"]
    return results


def _get(registry: Registry, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(registry.address, timeout=30)) as connection:
        connection.request("GET", path, headers={"Accept": "*/*"})
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("kind", KINDS)
def test_from_a_registry_into_another(home: Home, started: Callable[[str], Registry], kind: str) -> None:
    """What was signed in one registry is verified in another, into which the bundle was pushed with its content."""
    there, here = started("memory"), started(kind)
    (digest,) = push_artifacts(there.address, NAME, ["v1"])
    _did(home, "sign", f"{there.host}/{NAME}@{digest}")
    _did(home, "bundle", "create", f"{there.host}/{NAME}@{digest}", "-o", "x.tar")
    (artifact,) = Parts("x.tar").contents["artifacts"]
    assert artifact["repository"] == f"{there.host}/{NAME}"
    _did(home, "bundle", "verify", "x.tar", "--for", here.host)
    (result,) = _pushed(home, 0, "x.tar", here.host)
    assert (result["reference"], result["pushed"]) == (f"{here.host}/{NAME}@{digest}", True)
    assert "Successfully verified" in _did(home, "verify", f"{here.host}/{NAME}@{digest}")
    signature = result["signatures"][0]["digest"]
    assert signature == artifact["signatures"][0]["digest"]  # made anew, with the same bytes
    listed = [entry["digest"] for entry in fallback_entries(here.address, NAME, digest)]
    assert listed == ([] if kind == "memory" else [signature])


def test_tag_and_prefix(home: Home, started: Callable[[str], Registry]) -> None:
    """A tag is given on the other side too, below the prefix of the destination."""
    there, here = started("memory"), started("memory")
    (digest,) = push_artifacts(there.address, NAME, ["v1"])
    _did(home, "sign", f"{there.host}/{NAME}@{digest}")
    run(home, "bundle", "create", f"{there.host}/{NAME}:v1", "-o", "x.tar")
    (result,) = _pushed(home, 0, "x.tar", f"{here.host}/mirror/all")
    assert (result["reference"], result["tag"]) == (f"{here.host}/mirror/all/{NAME}@{digest}", "v1")
    assert _get(here, f"/v2/mirror/all/{NAME}/manifests/v1")[0] == 200


@pytest.mark.parametrize("content", ["manifest", "none"])
def test_content_that_is_there_already(home: Home, started: Callable[[str], Registry], content: str) -> None:
    """Without content, a bundle's signatures go to an artifact that is there; where it is not, nothing is pushed."""
    there, here = started("memory"), started("memory")
    (digest,) = push_artifacts(there.address, NAME, ["v1"])
    _did(home, "sign", f"{there.host}/{NAME}@{digest}")
    _did(home, "bundle", "create", "--content", content, f"{there.host}/{NAME}@{digest}", "-o", "x.tar")
    (result,) = _pushed(home, 3, "x.tar", here.host)
    assert result["error"]["type"] == "ArtifactNotFoundError"
    assert "--content full" in result["error"]["advice"]
    assert push_artifacts(here.address, NAME, ["v1"]) == [digest]
    (result,) = _pushed(home, 0, "x.tar", here.host)
    assert (result["blobs"], "tag" in result) == (0, False)
    _did(home, "verify", f"{here.host}/{NAME}@{digest}")


def test_pushed_twice(home: Home, started: Callable[[str], Registry]) -> None:
    """Pushed again, nothing is stored twice: neither blobs nor signatures."""
    there = started("memory")
    (digest,) = push_artifacts(there.address, NAME, ["v1"])
    _did(home, "sign", f"{there.host}/{NAME}@{digest}")
    _did(home, "bundle", "create", f"{there.host}/{NAME}@{digest}", "-o", "x.tar")
    for kind in ("memory", "docker"):
        here = started(kind)
        (first,) = _pushed(home, 0, "x.tar", here.host)
        (second,) = _pushed(home, 0, "x.tar", here.host)
        assert (first["blobs"], second["blobs"]) == (1, 0)
        assert first["signatures"] == second["signatures"]
        listed = _did(home, "list", f"{here.host}/{NAME}@{digest}")
        assert listed.count("sha256:") == 2  # the artifact and its one signature


def test_image_index(home: Home, started: Callable[[str], Registry]) -> None:
    """An image index of another tool goes along with all of its manifests, layers and configs."""
    there, here = started("memory"), started("plain")
    digests = image_program.push(f"{there.host}/{NAME}:v1")
    _did(home, "sign", "--recursive", f"{there.host}/{NAME}@{digests['index']}")
    _did(home, "bundle", "create", "--recursive", f"{there.host}/{NAME}@{digests['index']}", "-o", "x.tar")
    assert len(_pushed(home, 0, "x.tar", here.host)) == len(Parts("x.tar").contents["artifacts"])
    for digest in digests.values():
        status, content = _get(here, f"/v2/{NAME}/manifests/{digest}")
        assert status == 200
        for descriptor in json.loads(content).get("layers", []):
            assert _get(here, f"/v2/{NAME}/blobs/{descriptor['digest']}") == _get(
                there, f"/v2/{NAME}/blobs/{descriptor['digest']}"
            )
    out = _did(home, "verify", "--recursive", f"{here.host}/{NAME}@{digests['index']}")
    assert out.count("Successfully verified") == len(Parts("x.tar").contents["artifacts"])


def test_older_manifests_and_forced_tags(home: Home, started: Callable[[str], Registry]) -> None:
    """Signatures can be pushed in the older form, and be listed under the tag, as by `sign`."""
    there, here = started("memory"), started("memory")
    (digest,) = push_artifacts(there.address, NAME, ["v1"])
    _did(home, "sign", f"{there.host}/{NAME}@{digest}")
    _did(home, "bundle", "create", f"{there.host}/{NAME}@{digest}", "-o", "x.tar")
    flags = ("--manifest-form", "older", "--force-referrers-tag")
    (result,) = _pushed(home, 0, "x.tar", here.host, *flags)
    (signature,) = result["signatures"]
    manifest = json.loads(_get(here, f"/v2/{NAME}/manifests/{signature['digest']}")[1])
    assert "artifactType" not in manifest
    assert [entry["digest"] for entry in fallback_entries(here.address, NAME, digest)] == [signature["digest"]]


def test_damaged_content_is_not_pushed(home: Home, started: Callable[[str], Registry], tmp_path: Path) -> None:
    """A layer that is not what its digest says is refused on the way, and its artifact is not in the registry."""
    here = started("memory")
    layout = make_layout(tmp_path / "hello")
    _did(home, "sign", "--oci-layout", f"hello@{layout.digest}")
    _did(home, "bundle", "create", "--oci-layout", "--scope", SCOPE, f"hello@{layout.digest}", "-o", "x.tar")
    Path("x.tar").write_bytes(Path("x.tar").read_bytes().replace(b"content of v1", b"content of v2"))
    (result,) = _pushed(home, 1, "x.tar", here.host)
    assert result["error"]["type"] == "ContentError"
    assert _get(here, f"/v2/tests/manifests/{layout.digest}")[0] == 404


def test_unreachable_registry(home: Home, tmp_path: Path) -> None:
    """A registry that is not there is an error that names the artifact."""
    layout = make_layout(tmp_path / "hello")
    _did(home, "sign", "--oci-layout", f"hello@{layout.digest}")
    _did(home, "bundle", "create", "--oci-layout", "--scope", SCOPE, f"hello@{layout.digest}", "-o", "x.tar")
    error = error_of(run(home, "bundle", "push", "x.tar", "localhost:1", "--timeout", "1s"), 3)
    assert error.startswith(f"localhost:1/tests@{layout.digest} was not pushed: ")
    error = error_of(run(home, "bundle", "push", "x.tar", "https://localhost:1"), 2)
    assert "is not of the form registry or registry/prefix" in error


# The process's own peak: that of getrusage is its parent's, if that was larger when it made the process.
_WATCHED = """
import re, sys
from pathlib import Path
from notarykit.cli import main

code = main(sys.argv[1:])
kibibytes = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(int(kibibytes) // 1024, file=sys.stderr)
sys.exit(code)
"""
_LAYER = 192 * 1024 * 1024
_SMALL = 100  # MiB


def _mebibytes(home: Home, *arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, *arguments],
        env=home.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return int(done.stderr.splitlines()[-1])


def test_large_layers_pass_through(home: Home, docker_registry: DockerRegistries, tmp_path: Path) -> None:
    """A layer of 192 MiB goes from a registry into a bundle, is verified and goes into another, in little memory."""
    there, here = docker_registry(), docker_registry()
    path = make_layout(tmp_path / "large").path
    layer = tmp_path / "large" / "blobs" / "sha256" / "layer"
    with open(layer, "wb") as file:
        file.truncate(_LAYER)
    digest = subprocess.run(["sha256sum", layer], capture_output=True, text=True, check=True).stdout.split()[0]
    layer.rename(layer.with_name(digest))
    content = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": add_blob(path, b"{}"), "size": 2},
            "layers": [{"mediaType": "text/plain", "digest": f"sha256:{digest}", "size": _LAYER}],
        }
    ).encode()
    artifact = add_blob(path, content)
    index = read_index(path)
    index["manifests"] = [{"mediaType": MANIFEST_TYPE, "digest": artifact, "size": len(content)}]
    write_index(path, index)
    _did(home, "sign", "--oci-layout", f"large@{artifact}")
    layout = ("--oci-layout", "--scope", f"{there.host}/{NAME}")
    assert _mebibytes(home, "bundle", "create", *layout, f"large@{artifact}", "-o", "x.tar") < _SMALL
    assert _mebibytes(home, "bundle", "push", "x.tar", there.host) < _SMALL
    assert _mebibytes(home, "bundle", "create", f"{there.host}/{NAME}@{artifact}", "-o", "y.tar") < _SMALL
    assert _mebibytes(home, "bundle", "verify", "y.tar") < _SMALL
    assert _mebibytes(home, "bundle", "push", "y.tar", here.host) < _SMALL
    _did(home, "verify", f"{here.host}/{NAME}@{artifact}")
    assert members_of("y.tar").keys() >= {f"blobs/sha256/{digest}"}


def test_what_is_not_verified_is_not_pushed(home: Home, started: Callable[[str], Registry]) -> None:
    """An artifact that the policy does not accept is not in the registry afterwards; others are."""
    there, here = started("memory"), started("memory")
    signed, unsigned = push_artifacts(there.address, NAME, ["v1", "v2"])
    _did(home, "sign", f"{there.host}/{NAME}@{signed}")
    references = [f"{there.host}/{NAME}@{digest}" for digest in (unsigned, signed)]
    assert run(home, "bundle", "create", "--allow-unverified", *references, "-o", "x.tar").returncode == 0
    first, second = _pushed(home, 1, "x.tar", here.host)
    assert (first["error"]["type"], second["pushed"]) == ("NoSignatureError", True)
    assert [_get(here, f"/v2/{NAME}/manifests/{digest}")[0] for digest in (unsigned, signed)] == [404, 200]
    assert [result["pushed"] for result in _pushed(home, 0, "x.tar", here.host, "--allow-unverified")] == [True, True]


def test_trust_of_a_push(home: Home, started: Callable[[str], Registry]) -> None:
    """The trust that counts is that of `bundle verify`: the user's, another policy, or the bundle's by its digest."""
    there, here = started("memory"), started("memory")
    (digest,) = push_artifacts(there.address, NAME, ["v1"])
    _did(home, "sign", f"{there.host}/{NAME}@{digest}")
    _did(home, "bundle", "create", f"{there.host}/{NAME}@{digest}", "-o", "x.tar")
    trust = Parts("x.tar").manifest["layers"][0]["digest"]
    home.set_policy(policy_document(scopes=[f"{here.host}/{NAME}"]))
    (result,) = _pushed(home, 1, "x.tar", here.host)
    assert result["error"]["type"] == "NoApplicablePolicyError"
    assert _get(here, f"/v2/{NAME}/manifests/{digest}")[0] == 404
    _pushed(home, 0, "x.tar", here.host, "--for", here.host)
    home.policy_file.unlink()
    assert run(home, "bundle", "push", "x.tar", here.host).returncode == 2
    _pushed(home, 0, "x.tar", here.host, "--trust-from-bundle", trust)
