"""Image indexes on the command line: `--recursive`, `--platform` and `--skip-signed`."""

import hashlib
import json
from typing import Any
from unittest.mock import Mock

import pytest

from notarykit.cli.commands.verify import _VerificationWork
from notarykit.cli.references import Target
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError
from notarykit.oci.index import IndexMember
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, parse_reference
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.verdict import Skipped
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World, error_of
from tests.support.ca import make_chain
from tests.support.homes import SCOPE, policy_document
from tests.support.layouts import MANIFEST_TYPE, add_blob, add_image_index, blob_path

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")
SIGN = ("sign", "--oci-layout")


@pytest.fixture
def digests(world: World) -> dict[str, str]:
    """Digests of an image index in the layout, under the tag multi, and of its manifests."""
    return add_image_index("hello", "multi", PLATFORMS)


def count(digest: str) -> int:
    """Returns the number of an artifact's signatures."""
    image = ImageLayout("hello")
    return len(list(image.signatures(image.resolve(Digest(digest)))))


def results(world: World, code: int, *arguments: str) -> list[dict[str, Any]]:
    """Runs a command with JSON output, checks its exit code and schema, and returns the results."""
    done = world.run(*arguments, "--output", "json")
    assert done.code == code, done
    document = json.loads(done.out)
    schema(arguments[0]).validate(document)
    found: list[dict[str, Any]] = document["results"]
    return found


def lines(prefix: str, digests: dict[str, str], *names: str) -> str:
    """Returns the lines of output for parts of the index."""
    shown = {"index": ""}
    return "".join(f"{prefix} hello@{digests[name]}{shown.get(name, f' ({name})')}\n" for name in names)


def test_index_is_signed_with_all_manifests(world: World, digests: dict[str, str]) -> None:
    """The index and each manifest below it are signed and verified, in order, once each, with their platforms."""
    reference = f"hello@{digests['index']}"
    assert world.sign("-r", reference=reference) == lines("Successfully signed", digests, "index", *PLATFORMS)
    assert [count(digest) for digest in digests.values()] == [1] * 4
    verified = world.verify("--recursive", reference=reference)
    assert verified == lines("Successfully verified signature for", digests, "index", *PLATFORMS)


def test_artifact_that_is_no_index(world: World) -> None:
    """With --recursive an artifact that is no index is signed and verified as without."""
    assert world.sign("-r") == f"Successfully signed {world.reference}\n"
    assert world.verify("-r") == f"Successfully verified signature for {world.reference}\n"


def test_one_unsigned_manifest_is_not_verified(world: World, digests: dict[str, str]) -> None:
    """Where one manifest has no signature, the exit code is 1, its error names it, and the others are verified."""
    for name in ("index", "linux/amd64", "linux/arm/v7"):
        world.sign(reference=f"hello@{digests[name]}")
    done = world.run(*VERIFY, "-r", f"hello@{digests['index']}")
    assert done.code == 1
    assert done.out == lines("Successfully verified signature for", digests, "index", "linux/amd64", "linux/arm/v7")
    assert f"hello@{digests['linux/arm64']}" in error_of(done.err)


def test_tag_is_resolved_once(world: World, digests: dict[str, str]) -> None:
    """A tag brings its warning, and the result names the digest that it was resolved to."""
    done = world.run(*SIGN, "-r", "--output", "json", "hello:multi")
    assert done.err.count("Always sign the artifact using digest") == 1
    first, second, *_ = json.loads(done.out)["results"]
    assert first["reference"] == f"hello:multi@{digests['index']}"
    assert "index" not in first
    assert (second["reference"], second["platform"]) == (f"hello@{digests['linux/amd64']}", "linux/amd64")
    assert second["index"] == digests["index"]


def test_each_digest_once(world: World, digests: dict[str, str]) -> None:
    """Manifests that several references stand for are signed once."""
    references = ("hello:multi", f"hello@{digests['index']}", f"hello@{digests['linux/arm64']}")
    assert len(results(world, 0, *SIGN, "-r", *references)) == 4
    assert count(digests["linux/arm64"]) == 1


def test_absent_manifests_are_reported_and_stop_nothing(world: World, digests: dict[str, str]) -> None:
    """Manifests that a sparse index lists and the layout does not hold are reported, and the others are worked on."""
    blob_path("hello", digests["linux/arm64"]).unlink()
    reference = f"hello@{digests['index']}"
    done = world.run(*SIGN, "-r", reference)
    assert done.code == 0
    assert done.out == lines("Successfully signed", digests, "index", "linux/amd64", "linux/arm/v7")
    absent = f"hello@{digests['linux/arm64']} (linux/arm64) is listed by an image index, and absent"
    assert done.err == f"Warning: {absent}\n"
    for command, member in ((SIGN, {"signed": False}), (VERIFY, {"verdict": "absent"})):
        _, _, result, _ = results(world, 0, *command, "-r", reference)
        assert result == {
            "reference": f"hello@{digests['linux/arm64']}",
            "platform": "linux/arm64",
            "index": digests["index"],
            **member,
            "absent": True,
        }


def test_absent_artifact_of_a_reference_is_an_error(world: World, digests: dict[str, str]) -> None:
    """An artifact that the command names is no absent manifest of an index, nor is one that --platform chooses."""
    blob_path("hello", digests["linux/arm64"]).unlink()
    for flags in (
        ("-r", f"hello@{digests['linux/arm64']}"),
        ("--platform", "linux/arm64", f"hello@{digests['index']}"),
    ):
        assert "does not hold the manifest" in world.refused(3, *SIGN, *flags)


@pytest.mark.parametrize("change", [{"size": 1}, {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}])
def test_manifest_that_is_not_as_listed_is_refused(world: World, change: dict[str, Any]) -> None:
    """A manifest with another size or media type than its index lists is neither signed nor verified."""
    content = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE}).encode()
    entry = {"mediaType": MANIFEST_TYPE, "digest": add_blob("hello", content), "size": len(content)}
    digests = add_image_index("hello", "multi", PLATFORMS, {**entry, **change})
    for command in (SIGN, VERIFY):
        *_, result = results(world, 1, *command, "-r", f"hello@{digests['index']}")
        assert result["error"]["type"] == "ContentError"
        assert result["reference"] == f"hello@{entry['digest']}"


def test_verified_manifest_is_compared_with_its_index() -> None:
    """A manifest in a registry, which does not compare them, is refused if its index lists another size."""
    listed = Descriptor(MANIFEST_TYPE, f"sha256:{5:064x}", 100)
    reference = parse_reference(f"registry.example.com/a@{listed.digest}")
    verdict = VerifiedArtifact(Skipped("tests"), listed._replace(size=101))
    verifier = Mock(artifact=Mock(return_value=verdict))
    work = _VerificationWork(Mock(), verifier, {})
    target = Target(str(reference), reference, "", IndexMember(listed, parent=f"sha256:{6:064x}"))
    with pytest.raises(ContentError, match=r"of 100 bytes, and it is .* of 101"):
        work.begin(target)
    assert work.begin(target._replace(member=None)) is verdict


def test_index_that_cannot_be_read_is_an_error(world: World) -> None:
    """A malformed index below the artifact is an error of its own, and the others are signed."""
    content = json.dumps({"schemaVersion": 2, "manifests": [1]}).encode()
    media_type = "application/vnd.docker.distribution.manifest.list.v2+json"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    nested = {"mediaType": media_type, "digest": digest, "size": len(content) + 1}
    digests = add_image_index("hello", "multi", PLATFORMS, nested)
    add_blob("hello", content)
    *signed, last = results(world, 1, *SIGN, "-r", f"hello@{digests['index']}")
    assert all(result["signed"] for result in signed)
    assert (last["reference"], last["signed"]) == (f"hello@{digest}", False)


def _attestation(digests: dict[str, str]) -> dict[str, Any]:
    content = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","about":"amd64"}'
    digests["unknown/unknown"] = add_blob("hello", content)
    return {
        "mediaType": MANIFEST_TYPE,
        "digest": digests["unknown/unknown"],
        "size": len(content),
        "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "sha256:0"},
        "platform": {"os": "unknown", "architecture": "unknown"},
    }


def test_attestations_are_signed_on_demand(world: World) -> None:
    """Attestation manifests are left out, unless the flag includes them."""
    extra: dict[str, str] = {}
    digests = add_image_index("hello", "multi", PLATFORMS, _attestation(extra))
    reference = f"hello@{digests['index']}"
    world.sign("-r", reference=reference)
    assert count(extra["unknown/unknown"]) == 0
    world.verify("-r", reference=reference)
    assert "no signature is associated" in world.run(*VERIFY, "-r", "--attestations", "include", reference).err
    world.sign("-r", "--attestations=include", reference=reference)
    assert count(extra["unknown/unknown"]) == 1


def test_platform_chooses_a_manifest(world: World, digests: dict[str, str]) -> None:
    """Only the manifest for the platform is signed, of several platforms each, and with a tag the warning comes."""
    reference = f"hello@{digests['index']}"
    signed = world.sign("--platform", "linux/aarch64", reference=reference)
    assert signed == lines("Successfully signed", digests, "linux/arm64")
    assert count(digests["index"]) == 0
    flags = ("--platform", "linux/arm64", "--platform", "linux/arm")
    done = world.run(*VERIFY, *flags, "hello:multi")
    assert done.code == 1
    assert done.out == lines("Successfully verified signature for", digests, "linux/arm64")
    assert "Always verify the artifact using digest" in done.err


def test_platform_that_is_not_there(world: World, digests: dict[str, str]) -> None:
    """A platform without a manifest is an error that names those with one, and the others are signed."""
    reference = f"hello@{digests['index']}"
    text = world.refused(3, *SIGN, "--platform", "linux/s390x", reference)
    assert text.endswith("has no manifest for linux/s390x: there are linux/amd64, linux/arm64, linux/arm/v7")
    flags = ("--platform", "linux/s390x", "--platform", "linux/amd64")
    first, second = results(world, 3, *SIGN, *flags, reference)
    assert (first["signed"], second["signed"], second["platform"]) == (False, True, "linux/amd64")


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("-r", "--platform", "linux/amd64"), "exclude each other"),
        (("--attestations", "include"), "--attestations requires --recursive"),
        (("-r", "--attestations", "some"), "unrecognized value 'some' of --attestations"),
        (("--platform", "arm64"), "platform 'arm64' is not of the form os/architecture"),
    ],
)
@pytest.mark.parametrize("command", [SIGN, VERIFY])
def test_flags_that_do_not_go_together(
    world: World, command: tuple[str, ...], flags: tuple[str, ...], text: str
) -> None:
    """Flags for indexes that contradict each other, or are malformed, are refused before anything is read."""
    assert text in world.refused(2, *command, *flags, "nowhere:v1")


def test_signed_artifacts_are_skipped(world: World, digests: dict[str, str]) -> None:
    """What the same certificate has signed is left out and reported so; what another has signed is not."""
    reference = f"hello@{digests['index']}"
    world.sign(reference=f"hello@{digests['linux/amd64']}")
    world.home.add_key(make_chain("EC-384", 2), "other")
    world.sign("--key", "other", reference=reference)
    signed = world.sign("-r", "--skip-signed", "--key", "build", reference=reference)
    new = lines("Successfully signed", digests, "index", "linux/arm64", "linux/arm/v7").splitlines(keepends=True)
    already = lines("Already signed", digests, "linux/amd64")
    assert signed == "".join([new[0], already, *new[1:]])
    found = results(world, 0, *SIGN, "-r", "--skip-signed", "--key", "build", reference)
    assert [(result["signed"], result["alreadySigned"]) for result in found] == [(True, True)] * 4
    assert [count(digests[name]) for name in ("index", *PLATFORMS)] == [2, 1, 1, 1]
    assert world.sign("--skip-signed") == f"Successfully signed {world.reference}\n"
    assert world.sign("--skip-signed") == f"Already signed {world.reference}\n"


@pytest.mark.parametrize("flags", [("-r",), ("--platform", "linux/amd64")])
def test_skipped_artifact_is_not_read(world: World, flags: tuple[str, ...]) -> None:
    """An artifact that the trust policy skips is reported as skipped, and its index is not read."""
    world.home.set_policy(policy_document(level="skip", scopes=[SCOPE]))
    (result,) = results(world, 0, *VERIFY, *flags, "nowhere:v1")
    assert result == {"reference": "nowhere:v1", "verdict": "skipped", "policy": "tests"}
    world.home.set_policy(policy_document(scopes=["registry.example.com/other"]))
    (result,) = results(world, 1, *VERIFY, *flags, "nowhere:v1")
    assert result["error"]["type"] == "NoApplicablePolicyError"


def test_warning_about_the_policy_comes_once_for_each(world: World, digests: dict[str, str]) -> None:
    """A warning of the trust policy comes with each artifact, and not with the search for them."""
    policies = policy_document(scopes=["*"])
    other = {**policies["trustPolicies"][0], "name": "other", "registryScopes": [SCOPE]}
    world.home.set_policy({**policies, "trustPolicies": [*policies["trustPolicies"], other]})
    world.sign("-r", reference=f"hello@{digests['index']}")
    scope = ("--scope", SCOPE.replace("local", "LOCAL"))
    done = world.run("verify", "--oci-layout", *scope, "-r", f"hello@{digests['index']}")
    assert done.code == 0
    assert done.err.count("compared letter by letter") == len(digests)


def test_hostile_platform_is_escaped(world: World) -> None:
    """A platform's name with control characters cannot act on the terminal."""
    add_image_index("hello", "multi", ["linux/\x1b[2Jamd64"])
    done = world.run(*SIGN, "-r", "hello:multi")
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\\x1b[2Jamd64" in done.out
