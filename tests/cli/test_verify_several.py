"""Verification of several references and signatures: verdicts, exit codes and warnings of each."""

import json
import warnings
from collections.abc import Iterator
from datetime import timedelta

import pytest

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitWarning
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from tests.cli.test_json import schema
from tests.cli.test_verify_failures import failure_prefix, first_signature
from tests.cli.world import VERIFY, World, error_of
from tests.support.homes import OTHER_IDENTITY, policy_document
from tests.support.layouts import make_layout


def test_refusals_of_several_signatures(world: World) -> None:
    """Of several refused signatures the line tells how many there are and why one was refused."""
    world.sign()
    world.sign("--signature-format", "cose")
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    error = world.refused(1, *VERIFY, world.reference)
    assert ": none of the 2 signatures was accepted; the one that came furthest: authenticity: " in error
    assert error.endswith(" (see --verbose for each)")
    assert "see --verbose" not in world.run(*VERIFY, "-v", world.reference).err
    assert (
        "--" not in json.loads(world.run(*VERIFY, "-o", "json", world.reference).out)["results"][0]["error"]["message"]
    )
    assert f"(signature {first_signature(world)})" in error
    limited = world.refused(1, *VERIFY, "--max-signatures", "1", world.reference)
    assert "(there are more than the limit of 1 signatures)" in limited


def test_each_reference_has_its_verdict(world: World) -> None:
    """Not verified comes before all other codes; otherwise the highest counts, and each reference has its own line."""
    world.sign()
    unsigned = make_layout(world.folder / "unsigned", "v2")
    absent, bare = f"absent@{world.layout.digest}", f"unsigned@{unsigned.digest}"
    done = world.run(*VERIFY, absent, bare, world.reference)
    assert done.code == 1
    assert done.out == f"Successfully verified signature for {world.reference}\n"
    first, second = done.err.splitlines()
    assert first.startswith(f"Error: {absent}: absent is not an OCI image layout")
    assert second.startswith(f"Error: {failure_prefix(bare)}: no signature")
    assert world.run(*VERIFY, world.reference, absent).code == 3


def test_same_warning_is_printed_once(world: World) -> None:
    """A warning about the trust store is printed once, however many signatures are tried."""
    world.sign()
    world.sign("--signature-format", "cose")
    note = world.home.store() / "README"
    note.write_text("hello")
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    done = world.run(*VERIFY, world.reference, world.reference)
    assert done.code == 1
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["Warning", "Error", "Error"]
    assert f"{note} is ignored" in done.err


def test_logged_failures_name_artifact_and_signature(world: World) -> None:
    """Under `permissive` each of several expired artifacts has its own warning, with and without `--verbose`."""
    others = [make_layout(world.folder / called, called) for called in ("one", "two")]
    key_file, chain_file = world.home.add_key(world.chain, "past")
    signer = LocalSigner.from_files(str(key_file), str(chain_file))
    past = utc_now() - timedelta(days=10)
    wanted = []
    for called, layout in zip(("one", "two"), others, strict=True):
        place = ImageLayout(layout.path)
        signed = sign_artifact(place, layout.digest, signer, SignOptions(now=past, expires_in=timedelta(days=1)))
        wanted.append(f"Warning: {called}@{layout.digest}: signature {signed.manifest.digest}: expiry was set to")
    world.home.set_policy(policy_document(level="permissive"))
    references = [f"{called}@{layout.digest}" for called, layout in zip(("one", "two"), others, strict=True)]
    for flags in ((), ("-v",), ("-d",)):
        done = world.run(*VERIFY, *flags, *references)
        assert done.code == 0
        warnings = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
        assert [line.partition(' "log"')[0] for line in warnings] == wanted


def test_warnings_name_their_artifact(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning that comes up for each artifact is shown for each, and one about the settings once."""
    world.sign()
    other = make_layout(world.folder / "other", "v2")
    (world.home.store() / "README").write_text("hello")
    open_layout = ImageLayout.signatures

    def signatures(self: ImageLayout, subject: Descriptor) -> Iterator[Descriptor]:
        warnings.warn("something is odd", NotarykitWarning, stacklevel=1)
        return open_layout(self, subject)

    monkeypatch.setattr(ImageLayout, "signatures", signatures)
    references = [world.reference, f"other@{other.digest}"]
    found = [line for line in world.run(*VERIFY, *references).err.splitlines() if line.startswith("Warning: ")]
    assert [line for line in found if "odd" in line] == [f"Warning: {each}: something is odd" for each in references]
    assert [line.partition(": /")[0] for line in found if "odd" not in line] == ["Warning: trust store ca:tests"]


def test_unforeseen_error_does_not_end_the_others(world: World) -> None:
    """An unforeseen error with one reference does not hide the verdicts of others, in text and in JSON."""
    world.sign()
    bad = make_layout(world.folder / "bad", "v2")
    world.break_at(bad.digest)
    references = (f"bad@{bad.digest}", world.reference)
    done = world.run(*VERIFY, *references)
    assert done.code == 70
    assert done.out == f"Successfully verified signature for {world.reference}\n"
    assert error_of(done.err).startswith(f"bad@{bad.digest}: internal error: ZeroDivisionError: swordfish")
    document = json.loads(world.run(*VERIFY, "-o", "json", *references).out)
    schema("verify").validate(document)
    assert [each["verdict"] for each in document["results"]] == ["failed", "verified"]
    assert document["results"][0]["error"]["exitCode"] == 70
