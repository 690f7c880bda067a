"""Signing, listing, inspecting and verifying in real registries, by the command line and by the library."""

import contextlib
import http.client
import json
import re
from pathlib import Path
from typing import Any

import pytest

from notarykit.keys.local import LocalSigner
from notarykit.oci.reference import Tag
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.verdict import Verified
from notarykit.verification.verifier import verify_artifact
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.faults import OCI_MANIFEST
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import error_of, run
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import fallback_entries, push_artifacts

NAME = "some/thing"
SIGNATURE = "application/vnd.cncf.notary.signature"
EMPTY = "application/vnd.oci.empty.v1+json"
KINDS = ["memory", "plain", "plain without referrers", "docker-registry"]
LISTS_REFERRERS = ("memory",)  # and says so with OCI-Subject


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user with a key that is trusted."""
    return complete_home(tmp_path / "home", make_chain())


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the registry."""
    return str(request.param)


@pytest.fixture
def registry(kind: str, request: pytest.FixtureRequest) -> Registry:
    """A registry of each kind."""
    if kind == "docker-registry":
        docker: DockerRegistries = request.getfixturevalue("docker_registry")
        return docker()
    plain: GoRegistries = request.getfixturevalue("plain_registry")
    return plain.memory() if kind == "memory" else plain(referrers=kind == "plain")


def _did(home: Home, *arguments: str) -> str:
    """The output of a command that must succeed without a word on standard error."""
    done = run(home, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _manifest(registry: Registry, reference: str) -> tuple[bytes, Any]:
    """A manifest as the registry gives it, and what is in it."""
    with contextlib.closing(http.client.HTTPConnection(registry.address, timeout=30)) as connection:
        connection.request("GET", f"/v2/{NAME}/manifests/{reference}", headers={"Accept": OCI_MANIFEST})
        answer = connection.getresponse()
        content = answer.read()
    assert answer.status == 200
    return content, json.loads(content)


def _listed(home: Home, reference: str) -> list[str]:
    """The digests of the signatures that are listed."""
    members = json.loads(_did(home, "list", "--output", "json", reference))
    return [str(each["digest"]) for each in members["signatures"]]


class TestCommands:
    """The four commands against each kind of registry."""

    @pytest.mark.parametrize("envelope", ["jws", "cose"])
    def test_the_whole_way(self, envelope: str, registry: Registry, kind: str, home: Home) -> None:
        """What is signed is listed, inspected and verified; the tag is written where the registry does not list."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        reference = f"{registry.host}/{NAME}@{digest}"
        assert "has no associated signature" in _did(home, "list", reference)
        assert _did(home, "sign", "--signature-format", envelope, reference) == f"Successfully signed {reference}\n"
        (signature,) = _listed(home, reference)
        (inspected,) = json.loads(_did(home, "inspect", "--output", "json", reference))["signatures"]
        assert inspected["mediaType"] == {"jws": "application/jose+json", "cose": "application/cose"}[envelope]
        assert inspected["signedArtifact"]["digest"] == digest
        assert _did(home, "verify", reference) == f"Successfully verified signature for {reference}\n"
        tagged = [entry["digest"] for entry in fallback_entries(registry.address, NAME, digest)]
        assert tagged == ([] if kind in LISTS_REFERRERS else [signature])

    @pytest.mark.requirement(
        "signature:manifest-artifact-type-by-default",
        "jws:layer-media-type",
        "workflow:push-envelope",
        "workflow:push-manifest",
    )
    def test_the_current_form(self, registry: Registry, home: Home) -> None:
        """A manifest has its type in `artifactType` and the empty config, the artifact for a subject, and one layer."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        _did(home, "sign", f"{registry.host}/{NAME}@{digest}")
        (signature,) = _listed(home, f"{registry.host}/{NAME}@{digest}")
        _, manifest = _manifest(registry, signature)
        assert manifest["artifactType"] == SIGNATURE
        assert manifest["config"] == {
            "mediaType": EMPTY,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
            "data": "e30=",
        }
        subject, _ = _manifest(registry, digest)
        assert manifest["subject"] == {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(subject)}
        (layer,) = manifest["layers"]
        assert layer["mediaType"] == "application/jose+json"
        thumbprints = json.loads(manifest["annotations"]["io.cncf.notary.x509chain.thumbprint#S256"])
        assert [bool(re.fullmatch("[0-9a-f]{64}", each)) for each in thumbprints] == [True] * 3

    @pytest.mark.requirement("signature:both-manifest-forms")
    def test_both_forms_are_found(self, registry: Registry, kind: str, home: Home) -> None:
        """The older form has the type in the config; either is found, alone and beside the other."""
        forms = {"current": (SIGNATURE, EMPTY), "older": (None, SIGNATURE)}
        for tag, (form, wanted) in enumerate(forms.items()):
            (digest,) = push_artifacts(registry.address, NAME, [f"v{tag}"])
            reference = f"{registry.host}/{NAME}@{digest}"
            _did(home, "sign", "--manifest-form", form, reference)
            (signature,) = _listed(home, reference)
            _, manifest = _manifest(registry, signature)
            assert (manifest.get("artifactType"), manifest["config"]["mediaType"]) == wanted
            assert "Successfully verified" in _did(home, "verify", reference)
            other = next(each for each in forms if each != form)
            _did(home, "sign", "--manifest-form", other, reference)
            assert len(_listed(home, reference)) == 2
            entries = fallback_entries(registry.address, NAME, digest)
            assert [each["artifactType"] for each in entries] == ([] if kind in LISTS_REFERRERS else [SIGNATURE] * 2)

    def test_the_referrers_tag_by_force(self, registry: Registry, home: Home) -> None:
        """With the flag the tag is written whatever the registry can do, and the signature counts once."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        reference = f"{registry.host}/{NAME}@{digest}"
        _did(home, "sign", "--force-referrers-tag", reference)
        (signature,) = _listed(home, reference)
        (entry,) = fallback_entries(registry.address, NAME, digest)
        content, manifest = _manifest(registry, signature)
        assert entry == {
            "mediaType": OCI_MANIFEST,
            "digest": signature,
            "size": len(content),
            "annotations": manifest["annotations"],
            "artifactType": SIGNATURE,
        }
        assert "Successfully verified" in _did(home, "verify", reference)

    def test_the_old_flag(self, registry: Registry, kind: str, home: Home) -> None:
        """`--allow-referrers-api=false` of older notation writes the tag, and has no effect on reading; both warn."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        reference = f"{registry.host}/{NAME}@{digest}"
        for value, other in (("true", "false"), ("false", "true")):
            done = run(home, "sign", f"--allow-referrers-api={value}", reference)
            assert (done.returncode, done.stderr.count("Warning: ")) == (0, 1)
            assert done.stderr.endswith(f"; use --force-referrers-tag={other}\n")
            tagged = len(fallback_entries(registry.address, NAME, digest))
            assert tagged == (value == "false") + (kind not in LISTS_REFERRERS)
        for command in ("list", "inspect", "verify"):
            done = run(home, command, "--allow-referrers-api=false", reference)
            assert done.returncode == 0
            assert done.stderr == "Warning: the flag --allow-referrers-api is deprecated and has no effect on reading\n"
        assert len(_listed(home, reference)) == 2

    @pytest.mark.requirement("workflow:resolved-tag")
    def test_a_tag(self, registry: Registry, home: Home) -> None:
        """A tag brings a warning, and what is signed and verified is the digest that it leads to."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        for verb, done in (("sign", "Successfully signed"), ("verify", "Successfully verified signature for")):
            found = run(home, verb, f"{registry.host}/{NAME}:v1")
            assert found.returncode == 0
            assert found.stdout == f"{done} {registry.host}/{NAME}@{digest}\n"
            (warning,) = found.stderr.splitlines()
            assert warning.startswith(
                f"Warning: Always {verb} the artifact using digest(@sha256:...) rather than a tag"
            )

    def test_what_is_not_there(self, registry: Registry, home: Home) -> None:
        """An artifact that the registry does not have ends each command with one line and the same exit code."""
        push_artifacts(registry.address, NAME, ["v1"])
        digest = f"sha256:{'0' * 64}"
        for verb in ("sign", "list", "inspect", "verify"):
            text = error_of(run(home, verb, f"{registry.host}/{NAME}@{digest}"), 3)
            assert f"{registry.host}/{NAME} has no artifact '{digest}'" in text

    @pytest.mark.requirement("workflow:signed-digest")
    def test_another_artifacts_signature(self, registry: Registry, home: Home) -> None:
        """An artifact that was not signed is not verified, though another in its repository was."""
        first, second = push_artifacts(registry.address, NAME, ["v1", "v2"])
        _did(home, "sign", f"{registry.host}/{NAME}@{first}")
        text = error_of(run(home, "verify", f"{registry.host}/{NAME}@{second}"), 1)
        assert f"no signature is associated with {second}" in text

    def test_more_signatures_than_allowed(self, registry: Registry, home: Home) -> None:
        """No more signatures are looked at than `--max-signatures` says, and that there are more is told."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        reference = f"{registry.host}/{NAME}@{digest}"
        for number in range(3):
            _did(home, "sign", "--user-metadata", f"number={number}", reference)
        listed = run(home, "list", "--max-signatures", "2", "--output", "json", reference)
        assert len(json.loads(listed.stdout)["signatures"]) == 2
        assert listed.stderr.startswith("Warning: there are more signatures than the limit of 2")
        found = run(home, "verify", "--max-signatures", "2", "--user-metadata", "number=9", reference)
        assert "(there are more than the limit of 2 signatures)" in error_of(found, 1)


class TestLibrary:
    """The same by the library."""

    @pytest.mark.parametrize("form", ["current", "older"])
    def test_the_whole_way(self, form: Any, registry: Registry, home: Home) -> None:
        """A program signs and verifies with its own objects, and no file is touched."""
        (digest,) = push_artifacts(registry.address, NAME, ["v1"])
        signer = LocalSigner.from_files(str(home.folder / "build.key"), str(home.folder / "build.chain.pem"))
        with contextlib.closing(RegistryHost(registry.host, RegistrySettings())) as host:
            place = RegistryRepository(host, NAME, form=form)
            signed = sign_artifact(place, Tag("v1"), signer)
            assert signed.artifact.digest == digest
            assert [each.digest for each in place.signatures(signed.artifact)] == [signed.manifest.digest]
            assert place.fetch_signature(signed.manifest).envelope == signed.signature.envelope
        with contextlib.closing(RegistryHost(registry.host, RegistrySettings())) as host:
            scope = f"{registry.host}/{NAME}"
            document = parse_policy_document(home.policy_file.read_bytes())
            store = DirectoryTrustStore(str(home.folder / "truststore"))
            found = verify_artifact(RegistryRepository(host, NAME), Tag("v1"), scope, document, store)
        assert isinstance(found.verdict, Verified)
        assert found.signature is not None
        assert found.signature.is_same_content(signed.manifest)
