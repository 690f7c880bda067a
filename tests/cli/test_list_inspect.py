"""`list` and `inspect`: what is there, unverified."""

import json
from datetime import UTC, datetime

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.oci.layout import ImageLayout
from notarykit.oci.repository import StoredSignature
from tests.cli.world import World
from tests.support.envelopes import COSE, JWS, build
from tests.support.layouts import blob_path
from tests.support.signatures import envelope_file, readdress, signature_manifests

TYPE = "application/vnd.cncf.notary.signature"


def test_artifact_without_signature(world: World) -> None:
    """An artifact without signatures has a line of its own in both commands."""
    line = f"{world.reference} has no associated signature\n"
    assert world.did("list", "--oci-layout", world.reference) == line
    assert world.did("inspect", "--oci-layout", world.reference) == line


def test_list_prints_a_tree(world: World) -> None:
    """Signatures are listed below the artifact, in the order of the index; `ls` is the same command."""
    world.sign()
    world.sign("--signature-format", "cose")
    first, second = signature_manifests("hello")
    expected = f"{world.reference}\n└── {TYPE}\n    ├── {first}\n    └── {second}\n"
    assert world.did("list", "--oci-layout", world.reference) == expected
    assert world.did("ls", "--oci-layout", world.reference) == expected


def test_limit_brings_a_warning(world: World) -> None:
    """More signatures than the limit are not shown, and a warning says so; exactly as many bring none."""
    world.sign()
    world.sign("--signature-format", "cose")
    first, second = signature_manifests("hello")
    warning = "Warning: there are more signatures than the limit of 1: see --max-signatures\n"
    for command in ("list", "inspect"):
        done = world.run(command, "--oci-layout", "--max-signatures", "1", world.reference)
        assert (done.code, done.err) == (0, warning)
        assert first in done.out
        assert second not in done.out
        assert second in world.did(command, "--oci-layout", "--max-signatures", "2", world.reference)


def test_a_tag_brings_a_warning(world: World) -> None:
    """By a tag both commands warn and go on."""
    world.sign()
    for command in ("list", "inspect"):
        done = world.run(command, "--oci-layout", "hello:v1")
        assert done.code == 0
        assert done.err.startswith(
            f"Warning: Always {command} the artifact using digest(@sha256:...) rather than a tag(:v1)"
        )


def test_inspect_prints_a_tree(world: World) -> None:
    """Everything that a signature says is in the tree: attributes, metadata, certificates and the artifact."""
    world.sign("-e", "1h", "-m", "build=42")
    (manifest,) = signature_manifests("hello")
    lines = world.did("inspect", "--oci-layout", world.reference).splitlines()
    assert lines[:4] == [
        "Inspecting all signatures for signed artifact", world.reference, f"└── {TYPE}", f"    └── {manifest}",
    ]  # fmt: skip
    labels = [line.lstrip("│├└─ ") for line in lines[4:]]
    for label in (
        "media type: application/jose+json",
        "signature algorithm: ECDSA-SHA-256",
        "signed attributes",
        "content type: application/vnd.cncf.notary.payload.v1+json",
        "signing scheme: notary.x509",
        "user defined attributes",
        "build: 42",
        "signing agent: notarykit/0.1.0",
        "issued to: CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US",
        "issued by: CN=Intermediate CA 1,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US",
        f"digest: {world.layout.digest}",
        f"size: {blob_path('hello', world.layout.digest).stat().st_size}",
    ):
        assert labels.count(label) == 1, label
    assert sum(label.startswith("SHA256 fingerprint: ") for label in labels) == 3
    (time,) = [label.removeprefix("signing time: ") for label in labels if label.startswith("signing time: ")]
    written = datetime.strptime(time, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - written).total_seconds()) < 60


def test_inspect_prints_every_signature(world: World) -> None:
    """Signatures of both formats are printed, with `(empty)` for absent attributes."""
    world.sign()
    world.sign("--signature-format", "cose")
    shown = world.did("inspect", "--oci-layout", world.reference)
    assert shown.count("media type: application/jose+json") == shown.count("media type: application/cose") == 1
    assert shown.count("(empty)") == 2


def test_inspect_skips_unreadable_signatures(world: World) -> None:
    """A signature that cannot be read is skipped with a warning, the others are shown, and the end is 1."""
    world.sign()
    world.sign("--signature-format", "cose")
    first, second = signature_manifests("hello")
    envelope_file("hello", first).unlink()
    done = world.run("inspect", "--oci-layout", world.reference)
    assert done.code == 1
    assert second in done.out
    assert first not in done.out
    warning, error = done.err.splitlines()
    assert warning.startswith(
        f"Warning: Skipping signature {first} because of error: hello does not hold the blob sha256:"
    )
    assert error == "Error: at least one signature was skipped and not displayed"
    shown = json.loads(world.run("inspect", "--oci-layout", "-o", "json", world.reference).out)
    assert [each["digest"] for each in shown["signatures"]] == [second]
    assert [each["digest"] for each in shown["skipped"]] == [first]


def test_inspect_continues_after_unforeseen_errors(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that brings out a mistake of the program's own is skipped like one that cannot be read."""
    world.sign()
    world.sign("--signature-format", "cose")

    def odd(envelope: bytes, media_type: str) -> UnverifiedEnvelope:
        if media_type == JWS:
            raise ZeroDivisionError("swordfish")
        return parse_envelope(envelope, media_type)

    monkeypatch.setattr("notarykit.cli.commands.inspect.parse_envelope", odd)
    done = world.run("inspect", "--oci-layout", world.reference)
    assert done.code == 1
    assert "media type: application/cose" in done.out
    assert "because of error: internal error: ZeroDivisionError: swordfish" in done.err


def test_inspect_reads_large_signatures_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large signature that was attached first costs the others nothing, and is shown in its place."""
    world.run("sign", "--oci-layout", "-m", f"pad={'x' * 1_000_000}", world.reference)
    world.sign("--signature-format", "cose")
    read: list[str] = []
    fetch = ImageLayout.fetch_signature

    def noted(self: ImageLayout, manifest: Descriptor, largest: int) -> StoredSignature:
        found = fetch(self, manifest, largest)
        read.append(found.media_type)
        return found

    monkeypatch.setattr(ImageLayout, "fetch_signature", noted)
    found = json.loads(world.did("inspect", "--oci-layout", "-o", "json", world.reference))
    assert [each["mediaType"] for each in found["signatures"]] == [JWS, COSE]
    assert read == [COSE, JWS]


def test_inspect_prints_unverified_claims(world: World) -> None:
    """Unknown and extended attributes of a tampered envelope are printed, since nothing is verified."""
    world.sign()
    key = "io.example.more"
    readdress(
        "hello", lambda *_: build(world.chain, JWS, {key: [1, "two"], "crit": ["io.cncf.notary.signingScheme", key]})
    )
    assert f"{key}: [1, 'two']" in world.did("inspect", "--oci-layout", world.reference)


def test_malformed_index_is_refused(world: World) -> None:
    """An index that is malformed ends with 3, and the line names the file."""
    (world.folder / "hello" / "index.json").write_text('{"manifests":[{"mediaType":"a"}]}')
    for command in ("list", "inspect", "sign"):
        error = world.refused(3, command, "--oci-layout", world.reference)
        assert error == "hello: index.json is malformed: manifest 1 has no member 'digest'"
    (world.folder / "hello" / "index.json").unlink()
    assert world.refused(3, "list", "--oci-layout", world.reference) == "hello has no index.json"
