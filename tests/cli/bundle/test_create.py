"""`bundle create`: what is put into the file, and what is refused."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.bundle.making import CREATE, FILE
from tests.cli.test_json import schema
from tests.cli.world import World, error_of
from tests.support.bundles import BUNDLE_TYPE, Parts, members_of
from tests.support.ca import make_chain
from tests.support.homes import SCOPE, policy_document
from tests.support.layouts import add_artifact, add_image_index, blob_path
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path
from tests.support.signatures import signature_manifests


def test_says_what_is_in_it(world: World) -> None:
    """The file is named with the counts, the first end of evidence and the digest of the trust in it."""
    out = world.did(*CREATE, world.reference, "-o", FILE)
    first, second, third = out.splitlines()
    counts = "1 artifact, 1 signature, 2 pieces of revocation evidence"
    assert first == f"Successfully created the bundle {FILE}: {counts}"
    assert second.startswith("All evidence holds until 20")
    trust = Parts(FILE).manifest["layers"][0]["digest"]
    assert third == f"Trust policy and trust stores in it: {trust}"


def test_is_an_image_layout_with_everything(world: World, bundle: str) -> None:
    """The file is a layout of the artifact, its signature and a manifest whose layers are trust and evidence."""
    parts = Parts(bundle)
    own, artifact, signature = parts.index["manifests"]
    assert own["artifactType"] == parts.manifest["artifactType"] == BUNDLE_TYPE
    assert artifact["digest"] == world.layout.digest
    assert signature["digest"] == signature_manifests("hello")[0]
    kinds = [layer["mediaType"] for layer in parts.manifest["layers"]]
    assert kinds[1:] == ["application/pkix-crl", "application/ocsp-response"]
    for digest in (world.layout.digest, signature["digest"]):
        assert parts.members[f"blobs/{digest.replace(':', '/')}"] == blob_path("hello", digest).read_bytes()
    assert b"content of v1" in parts.members.values()
    for name, content in parts.members.items():
        if name.startswith("blobs/sha256/"):
            assert hashlib.sha256(content).hexdigest() == name.removeprefix("blobs/sha256/")


def test_same_inputs_give_the_same_bytes(world: World, bundle: str) -> None:
    """Made again from the same artifact and evidence, in whatever folder and time, the file has the same bytes."""
    first = Path(bundle).read_bytes()
    Path("other").mkdir()
    world.did(*CREATE, world.reference, "-o", "other/name.tar")
    assert Path("other/name.tar").read_bytes() == first


@pytest.mark.parametrize(
    ("content", "has_manifest", "has_layer"), [("full", True, True), ("manifest", True, False), ("none", False, False)]
)
def test_content(world: World, content: str, *, has_manifest: bool, has_layer: bool) -> None:
    """`--content` decides what of the artifact goes along; its signature verifies in any case."""
    world.did(*CREATE, "--content", content, world.reference, "-o", FILE)
    members = members_of(FILE)
    assert (f"blobs/{world.layout.digest.replace(':', '/')}" in members) == has_manifest
    assert (b"content of v1" in members.values()) == has_layer
    world.did("bundle", "verify", FILE)


def test_tag_is_kept(world: World) -> None:
    """A tag is resolved once and kept, after the usual warning."""
    done = world.run(*CREATE, "hello:v1", "-o", FILE)
    assert done.code == 0
    assert done.err.startswith("Warning: Always bundle the artifact using digest")
    parts = Parts(FILE)
    assert parts.contents["artifacts"][0]["tag"] == "v1"
    names = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in parts.index["manifests"][:2]]
    assert names == ["notarykit-bundle", f"{SCOPE}:v1"]


def test_several_references(world: World) -> None:
    """Several artifacts are in one bundle, those of a file too, and what they share is there once."""
    second = f"hello@{add_artifact('hello', 'v2').digest}"
    world.sign(reference=second)
    Path("more.txt").write_text(f"# more\n{second}\n")
    out = world.did(*CREATE, world.reference, "--from", "more.txt", "-o", FILE)
    assert "2 artifacts, 2 signatures, 2 pieces of revocation evidence" in out
    verified = world.did("bundle", "verify", FILE)
    assert verified.count("Successfully verified signature for") == 2


def test_index_with_everything_below_it(world: World) -> None:
    """With `--recursive` the manifests below an index are artifacts of their own, each with its signatures."""
    digests = add_image_index("hello", "multi", ["linux/amd64", "linux/arm64"])
    for digest in digests.values():
        world.sign(reference=f"hello@{digest}")
    world.did(*CREATE, "--recursive", f"hello@{digests['index']}", "-o", FILE)
    artifacts = Parts(FILE).contents["artifacts"]
    assert [each["artifact"]["digest"] for each in artifacts] == [
        digests["index"], digests["linux/amd64"], digests["linux/arm64"]
    ]  # fmt: skip
    assert [each.get("platform") for each in artifacts] == [None, "linux/amd64", "linux/arm64"]
    results = json.loads(world.did("bundle", "verify", FILE, "-o", "json"))["results"]
    assert [result.get("index") for result in results] == [None, digests["index"], digests["index"]]


def test_index_without_some_of_its_manifests(world: World) -> None:
    """What an index lists and the repository does not hold is left out, with a warning under `--recursive`."""
    digests = add_image_index("hello", "multi", ["linux/amd64", "linux/arm64"])
    for digest in digests.values():
        world.sign(reference=f"hello@{digest}")
    blob_path("hello", digests["linux/arm64"]).unlink()
    done = world.run(*CREATE, "--recursive", f"hello@{digests['index']}", "-o", FILE)
    assert done.code == 0
    assert "is listed by an image index, and absent" in done.err
    world.did("bundle", "verify", FILE)


def test_unsigned_artifact_is_refused(world: World) -> None:
    """An artifact that would not be verified on the other side is an error, and nothing is written."""
    unsigned = f"hello@{add_artifact('hello', 'v2').digest}"
    done = world.run(*CREATE, unsigned, "-o", FILE)
    assert done.code == 1
    assert "would not be verified with the bundle: no signature is associated with" in error_of(done.err)
    assert not Path(FILE).exists()
    done = world.run(*CREATE, "--allow-unverified", unsigned, "-o", FILE)
    assert done.code == 0
    assert world.run("bundle", "verify", FILE).code == 1


def test_missing_evidence_is_refused(world: World, responder: Responder) -> None:
    """Where evidence cannot be had, no bundle is written; one that is there stays as it is."""
    Path(FILE).write_text("old")
    responder.fail(ocsp_path(0), 500)
    done = world.run(*CREATE, world.reference, "-o", FILE)
    assert done.code == 1
    warning, error = done.err.splitlines()
    assert warning.startswith("Warning: hello@")
    assert "it answers with status 500" in warning
    assert "would not be verified with the bundle" in error
    assert error.endswith("make sure that its OCSP responder or CRL can be reached, and try again")
    assert Path(FILE).read_text() == "old"
    assert not Path(f"{FILE}.partial").exists()


def test_signature_of_a_stranger_does_no_harm(world: World) -> None:
    """A signature without a trusted signer goes along, and nothing that it names is contacted."""
    world.home.add_key(make_chain(), "other")
    world.sign("--key", "other")
    done = world.run(*CREATE, world.reference, "-o", FILE)
    assert done.code == 0
    assert "no certificate of the chain is in the trust stores" in done.err
    assert len(Parts(FILE).contents["artifacts"][0]["signatures"]) == 2
    world.did("bundle", "verify", FILE)


def test_damaged_signature_is_left_out(world: World) -> None:
    """A signature that cannot be read is left out with a warning."""
    world.sign()
    first, second = signature_manifests("hello")
    blob_path("hello", first).write_bytes(b"{}")
    done = world.run(*CREATE, world.reference, "-o", FILE)
    assert done.code == 0
    assert [each["digest"] for each in Parts(FILE).contents["artifacts"][0]["signatures"]] == [second]


def test_skipped_artifacts_are_refused(world: World) -> None:
    """What the policy skips has no evidence to collect, and so is no artifact of a bundle."""
    world.home.set_policy(policy_document(level="skip", scopes=[SCOPE]))
    assert "skips verification" in world.refused(2, *CREATE, world.reference, "-o", FILE)


def test_policy_file(world: World) -> None:
    """`--policy` is used in place of the configured policy."""
    Path("strict.json").write_text(json.dumps(policy_document()))
    world.home.policy_file.unlink()
    assert world.run(*CREATE, world.reference, "-o", FILE).code == 2
    world.did(*CREATE, "--policy", "strict.json", world.reference, "-o", FILE)
    assert "does not exist" in world.refused(2, *CREATE, "--policy", "no", world.reference, "-o", FILE)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("hello:v1",), 'required flag(s) "output-file" not set'),
        (("hello:v1", "-o", "."), "is a directory"),
        (("hello:v1", "-o", "x", "--content", "all"), "unrecognized value 'all' of --content"),
        (("-o", "x"), "missing reference"),
    ],
)
def test_usage(world: World, arguments: tuple[str, ...], text: str) -> None:
    """Command lines that cannot be understood are refused."""
    assert text in world.refused(2, *CREATE, *arguments)


def test_unwritable_file(world: World) -> None:
    """A folder that is not there is an error of storage."""
    assert "cannot be written" in world.refused(3, *CREATE, world.reference, "-o", "no/folder/x.tar")


def test_damaged_content_is_refused(world: World) -> None:
    """A layer that is not what its digest says ends the writing, and no file is left."""
    (layer,) = [each for each in Path("hello/blobs/sha256").iterdir() if each.read_bytes() == b"content of v1"]
    layer.write_bytes(b"content of v2")
    done = world.run(*CREATE, world.reference, "-o", FILE)
    assert done.code == 1
    assert "has another digest or size" in error_of(done.err)
    assert not list(Path().glob(f"{FILE}*"))


def test_json(world: World, responder: Responder) -> None:
    """The JSON describes the bundle, or the errors for which there is none."""
    document = json.loads(world.did(*CREATE, "--output", "json", world.reference, "-o", FILE))
    schema("bundle").validate(document)
    assert (document["bundle"], document["content"], document["problems"]) == (FILE, "full", [])
    responder.fail(crl_path(1), 500)
    (world.folder / "cache").rename("gone")
    done = world.run(*CREATE, "--output", "json", world.reference, f"absent@{world.layout.digest}", "-o", FILE)
    assert done.code == 3
    document = json.loads(done.out)
    schema("bundle").validate(document)
    assert [each["error"]["type"] for each in document["errors"]] == ["StorageError"]


def test_policy_with_prefixes(world: World) -> None:
    """A policy whose scopes are prefixes chooses on the other side as it does here."""
    document = {**policy_document(scopes=["local/*"]), "version": "notarykit/1"}
    world.home.set_policy(document)
    world.did(*CREATE, world.reference, "-o", FILE)
    trust = json.loads(world.did("bundle", "inspect", FILE, "-o", "json"))["trust"]
    assert trust["policies"][0]["scopes"] == ["local/*"]
    world.did("bundle", "verify", FILE)
    world.did("bundle", "verify", FILE, "--trust-from-bundle", trust["digest"])


def test_statements_that_do_not_apply_stay_at_home(world: World) -> None:
    """Only the statements that apply to the artifacts are in the bundle, with the stores that they name."""
    document = policy_document(scopes=[SCOPE])
    (statement,) = document["trustPolicies"]
    other = {**statement, "name": "other", "registryScopes": ["local/secret"], "trustStores": ["ca:absent"]}
    world.home.set_policy({**document, "trustPolicies": [other, statement]})
    world.did(*CREATE, world.reference, "-o", FILE)
    trust = json.loads(world.did("bundle", "inspect", FILE, "-o", "json"))["trust"]
    assert [policy["name"] for policy in trust["policies"]] == ["tests"]
    assert list(trust["stores"]) == ["ca:tests"]
    assert not any(b"secret" in content for content in members_of(FILE).values())
