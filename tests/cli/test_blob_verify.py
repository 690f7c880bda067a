"""`blob verify`: which signature and which policy apply, what is accepted and refused, and what is printed."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.blob import content as blob_content
from notarykit.envelope import jws
from notarykit.envelope.attributes import ExtendedAttribute
from tests.cli.blobs import make_blob, sign_blob
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World, error_of
from tests.support.ca import Changes, make_chain, ocsp_at
from tests.support.envelopes import COSE, JWS, PLUGIN, sign_envelope
from tests.support.executables import add_executable, answering, shell_plugin
from tests.support.homes import OTHER_IDENTITY, blob_policy_document
from tests.support.layouts import blob_path
from tests.support.signatures import envelope_file, flipped, readdress, signature_manifests

_SUCCESS = "Successfully verified signature for release.tar\n"
_CONTEXT = "signature verification failed for release.tar under trust policy 'tests' at level strict: "


@pytest.fixture
def signed(world: World) -> Path:
    """A signed blob `release.tar` and a global trust policy that trusts its signer; returns its signature's file."""
    world.home.set_blob_policy()
    sign_blob(world)
    return world.folder / "release.tar.jws.sig"


def _results(out: str) -> Any:
    document = json.loads(out)
    schema("blob-verify").validate(document)
    return document["results"]


def _statements(*documents: dict[str, Any]) -> dict[str, Any]:
    """One policy with the statements of several."""
    return {"version": "1.0", "trustPolicies": [each for one in documents for each in one["trustPolicies"]]}


@pytest.mark.parametrize("form", ["jws", "cose"])
def test_signature_by_name(world: World, form: str) -> None:
    """The documented command with the documented output, wherever the signature is."""
    world.home.set_blob_policy()
    (world.folder / "sigs").mkdir()
    sign_blob(world, "release.tar", "--signature-format", form, "--signature-directory", "sigs")
    for flag in (("--signature",), ("-s",)):
        assert world.did("blob", "verify", *flag, f"sigs/release.tar.{form}.sig", "release.tar") == _SUCCESS
    (world.folder / f"sigs/release.tar.{form}.sig").rename("signature")
    assert world.did("blob", "verify", "-s", "signature", "release.tar") == _SUCCESS


@pytest.mark.parametrize("form", ["jws", "cose"])
def test_signature_is_found_by_its_place(world: World, form: str) -> None:
    """Without a name, the signature is where `blob sign` writes it: beside the blob, or in a directory."""
    world.home.set_blob_policy()
    sign_blob(world, "release.tar", "--signature-format", form)
    assert world.did("blob", "verify", "release.tar") == _SUCCESS
    (world.folder / "sigs").mkdir()
    flags = ("--signature-directory", "sigs", "release.tar")
    missing = f"{_CONTEXT}there is no signature: neither sigs/release.tar.jws.sig nor sigs/release.tar.cose.sig exists"
    assert world.refused(1, "blob", "verify", *flags) == f"{missing}: name it with --signature"
    (world.folder / f"release.tar.{form}.sig").rename(f"sigs/release.tar.{form}.sig")
    assert world.did("blob", "verify", *flags) == _SUCCESS


def test_one_of_two_signatures_suffices(world: World, signed: Path) -> None:
    """Where both formats are there each is tried, and the failed one is listed; with two failures both are."""
    good = signed.read_bytes()
    sign_blob(world, "release.tar", "--signature-format", "cose")
    signed.write_bytes(good[:100])
    assert world.did("blob", "verify", "release.tar") == _SUCCESS
    (result,) = _results(world.did("blob", "verify", "-o", "json", "release.tar"))
    assert (result["verdict"], result["signature"]) == ("verified", "release.tar.cose.sig")
    assert [(each["signature"], each["error"]["type"]) for each in result["notAccepted"]] == [
        ("release.tar.jws.sig", "IntegrityError")
    ]
    detailed = world.run("blob", "verify", "-v", "release.tar")
    assert "release.tar: not accepted: signature release.tar.jws.sig: integrity: " in detailed.err
    (world.folder / "release.tar.cose.sig").write_bytes(b"")
    done = world.run("blob", "verify", "-o", "json", "release.tar")
    (result,) = _results(done.out)
    assert (done.code, result["error"]["type"]) == (1, "NoAcceptedSignatureError")
    assert [each["signature"] for each in result["notAccepted"]] == ["release.tar.jws.sig", "release.tar.cose.sig"]
    assert "none of the 2 signatures was accepted" in done.err


def test_signature_that_cannot_be_processed_hides_no_other(
    world: World, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever one signature does to this software, the other is tried, and none of them is a verdict by itself."""
    sign_blob(world, "release.tar", "--signature-format", "cose")
    parse = jws.parse

    def broken(envelope: bytes) -> Any:
        parse(envelope)
        raise ZeroDivisionError("swordfish")

    monkeypatch.setattr(jws, "parse", broken)
    assert world.did("blob", "verify", "release.tar") == _SUCCESS
    (world.folder / "release.tar.cose.sig").unlink()
    for flags in ((), ("-s", "release.tar.jws.sig")):
        error = world.refused(1, "blob", "verify", *flags, "release.tar")
        assert "the signature could not be processed: ZeroDivisionError" in error
        assert "swordfish" not in error


def test_errors_name_their_blob(world: World, signed: Path) -> None:
    """Among several blobs an error has the name of its own, which may be a part of any word."""
    world.home.set_blob_policy(blob_policy_document("tests", is_global=False))
    for name in ("a", "l", "release"):
        make_blob(world, name)
    done = world.run("blob", "verify", "a", "l", "release")
    assert [line.split(": ")[1] for line in done.err.splitlines()] == ["a", "l", "release"]


def test_trusted_signer_is_preferred(world: World, signed: Path) -> None:
    """A signature that a policy merely lets pass is no verdict as long as there is one by a trusted signer."""
    world.home.set_blob_policy(blob_policy_document(level="audit"))
    trusted = signed.read_bytes()
    world.home.add_key(make_chain(), "stranger")
    world.did("blob", "sign", "--force", "--key", "stranger", "-s", "release.tar.cose.sig", "release.tar")
    (world.folder / "release.tar.cose.sig").rename("stranger.cose.sig")
    world.did("blob", "sign", "--key", "stranger", "-s", "stranger.jws.sig", "release.tar")
    Path("stranger.jws.sig").rename(signed)
    world.did("blob", "sign", "--key", "build", "--signature-format", "cose", "release.tar")
    (result,) = _results(world.run("blob", "verify", "-o", "json", "release.tar").out)
    assert (result["verdict"], result["signature"]) == ("verified", "release.tar.cose.sig")
    Path("stranger.cose.sig").rename("release.tar.cose.sig")
    done = world.run("blob", "verify", "release.tar")
    assert done.code == 0
    assert done.out == "Audited signature for release.tar: the signer is not trusted, and the trust policy permits it\n"
    assert 'authenticity was set to "log" and failed with error: ' in done.err
    (result,) = _results(world.run("blob", "verify", "-o", "json", "release.tar").out)
    assert (result["verdict"], result["level"], result["signature"]) == ("audited", "audit", "release.tar.jws.sig")
    signed.write_bytes(trusted)
    assert world.did("blob", "verify", "release.tar") == _SUCCESS


def test_user_metadata(world: World) -> None:
    """Signed metadata is a table, and what is asked for must be in it."""
    world.home.set_blob_policy()
    sign_blob(world, "release.tar", "-m", "build=42", "-m", "by=me")
    said = world.did("blob", "verify", "-m", "build=42", "release.tar")
    table = "KEY     VALUE\nbuild   42\nby      me\n"
    assert said == f"{_SUCCESS}\nThe signature contains the following user metadata:\n\n{table}"
    for pair in ("build=43", "other=1"):
        error = world.refused(1, "blob", "verify", "-m", pair, "release.tar")
        assert error.startswith(f"{_CONTEXT}userMetadata: ")
    (result,) = _results(world.did("blob", "verify", "-o", "json", "release.tar"))
    assert result["userMetadata"] == {"build": "42", "by": "me"}


@pytest.mark.requirement("workflow:blob-media-type")
def test_media_type(world: World) -> None:
    """The media type has to be the signed one where it is asked for, and is any otherwise."""
    world.home.set_blob_policy()
    sign_blob(world, "release.tar", "--media-type", "application/gzip")
    assert world.did("blob", "verify", "release.tar") == _SUCCESS
    assert world.did("blob", "verify", "--media-type", "application/gzip", "release.tar") == _SUCCESS
    error = world.refused(1, "blob", "verify", "--media-type", "application/zip", "release.tar")
    assert error.startswith(f"{_CONTEXT}integrity: the signature is for the media type 'application/gzip', not for")


@pytest.mark.requirement("trust:global-blob-statement")
def test_policy_by_name(world: World, signed: Path) -> None:
    """The statement is the one of `--policy-name`, else the global one; without either nothing is accepted."""
    world.home.set_blob_policy(
        _statements(
            blob_policy_document("strangers", identities=[OTHER_IDENTITY]),
            blob_policy_document("releases", is_global=False),
        )
    )
    assert world.did("blob", "verify", "--policy-name", "releases", "release.tar") == _SUCCESS
    assert "under trust policy 'strangers' at level strict" in world.refused(1, "blob", "verify", "release.tar")
    error = world.refused(1, "blob", "verify", "--policy-name", "none", "release.tar")
    assert error.startswith("no applicable blob trust policy with name 'none'")
    done = world.run("blob", "verify", "-o", "json", "--policy-name", "none", "release.tar")
    assert _results(done.out)[0]["error"]["type"] == "NoApplicablePolicyError"
    world.home.set_blob_policy(blob_policy_document("releases", is_global=False))
    assert "global" in world.refused(1, "blob", "verify", "release.tar")


def test_policies_that_are_refused(world: World, signed: Path) -> None:
    """Without a policy for blobs, with two global ones, or with one for artifacts, it is the configuration's fault."""
    both = _statements(blob_policy_document("a"), blob_policy_document("b"))
    world.home.set_blob_policy(both)
    assert "global" in world.refused(2, "blob", "verify", "release.tar")
    world.home.blob_policy_file.write_bytes(world.home.policy_file.read_bytes())
    assert "registryScopes" in world.refused(2, "blob", "verify", "release.tar")
    world.home.blob_policy_file.unlink()
    assert world.refused(2, "blob", "verify", "release.tar").startswith("no blob trust policy: ")


@pytest.mark.requirement("workflow:skipped-blob")
def test_skipped_verification(world: World) -> None:
    """Where the policy skips, no signature is looked for; the blob and a signature that is named have to be there."""
    world.home.set_blob_policy(blob_policy_document(level="skip", is_global=False))
    make_blob(world)
    command = ("blob", "verify", "--policy-name", "tests")
    said = "Trust policy is configured to skip signature verification for release.tar\n"
    assert world.did(*command, "release.tar") == said
    assert _results(world.did(*command, "-o", "json", "release.tar")) == [
        {"blob": "release.tar", "verdict": "skipped", "policy": "tests"}
    ]
    assert "absent does not exist" in world.refused(3, *command, "absent")
    assert "none.jws.sig does not exist" in world.refused(3, *command, "-s", "none.jws.sig", "release.tar")
    (world.folder / "any.jws.sig").write_bytes(b"anything")
    assert world.did(*command, "-s", "any.jws.sig", "release.tar") == said


def test_logged_step_is_a_warning(world: World) -> None:
    """A step that the level only logs is a warning that names blob and signature."""
    chain = make_chain("EC-256", 2, leaf=Changes(put=(ocsp_at("http://127.0.0.1:9/"),)))
    world.home.add_key(chain, "unreachable")
    world.home.trust(chain)
    world.home.set_blob_policy(blob_policy_document(level="permissive"))
    sign_blob(world)
    done = world.run("blob", "verify", "release.tar")
    assert (done.code, done.out) == (0, _SUCCESS)
    start = 'Warning: release.tar: signature release.tar.jws.sig: revocation was set to "log" and failed with error: '
    assert done.err.startswith(start)
    world.home.set_blob_policy()
    assert world.refused(1, "blob", "verify", "release.tar").startswith(f"{_CONTEXT}revocation: ")


def test_verbose_shows_the_steps(world: World, signed: Path) -> None:
    """With --verbose the steps of the signature are shown, of one that fails, too."""
    done = world.run("blob", "verify", "-v", "release.tar")
    assert "release.tar: signature release.tar.jws.sig, trust policy 'tests' at level strict:\n" in done.err
    assert "  integrity: passed\n" in done.err
    world.home.set_blob_policy(blob_policy_document(identities=[OTHER_IDENTITY]))
    done = world.run("blob", "verify", "-v", "release.tar")
    assert "  authenticity: failed (" in done.err


def _other_size(world: World, path: Path) -> None:
    sign_blob(world, "other", content=b"other")
    Path("other.jws.sig").rename(path)


def _same_size(world: World, path: Path) -> None:
    sign_blob(world, "other", content=b"a re1ease")
    Path("other.jws.sig").rename(path)


def _of_an_artifact(world: World, path: Path) -> None:
    world.sign()
    path.write_bytes(envelope_file("hello", signature_manifests("hello")[0]).read_bytes())


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_other_size, "integrity: the signature is for 5 bytes, and release.tar has 9"),
        (_same_size, "integrity: the signature is for sha256:"),
        (_of_an_artifact, "integrity: the signature is of an artifact ("),
        (lambda _, path: path.write_bytes(path.read_bytes()[:-20]), "integrity: "),
        (lambda _, path: path.write_bytes(flipped(path.read_bytes(), JWS)), "integrity: "),
        (lambda _, path: path.write_bytes(b""), "integrity: "),
    ],
    ids=["other size", "other content", "artifact's", "truncated", "changed", "empty"],
)
def test_signatures_that_are_not_accepted(
    world: World, signed: Path, spoil: Callable[[World, Path], None], complaint: str
) -> None:
    """What is no signature of this blob is exit code 1, named or found."""
    spoil(world, signed)
    for flags in ((), ("-s", "release.tar.jws.sig")):
        error = world.refused(1, "blob", "verify", *flags, "release.tar")
        assert error.startswith(f"{_CONTEXT}{complaint}"), error
        assert "(signature release.tar.jws.sig)" in error


def test_manifest_is_a_blob_where_that_is_asked_for(world: World, signed: Path) -> None:
    """By an artifact's signature the file that is its manifest is no blob, unless its media type is named."""
    _of_an_artifact(world, signed)
    Path("release.tar").write_bytes(blob_path("hello", world.layout.digest).read_bytes())
    assert "the signature is of an artifact" in world.refused(1, "blob", "verify", "release.tar")
    media_type = "application/vnd.oci.image.manifest.v1+json"
    assert "Successfully" in world.did("blob", "verify", "--media-type", media_type, "release.tar")


def test_artifact_is_not_verified_by_the_signature_of_a_blob(world: World, signed: Path) -> None:
    """A signature of a manifest's bytes as a blob is none of the artifact."""
    manifest = blob_path("hello", world.layout.digest).read_bytes()
    sign_blob(world, "manifest.json", content=manifest)
    world.sign()
    readdress("hello", lambda *_: Path("manifest.json.jws.sig").read_bytes())
    assert "integrity: " in world.refused(1, *VERIFY, world.reference)


@pytest.mark.parametrize(
    ("name", "make", "code", "complaint"),
    [
        ("none.jws.sig", None, 3, "signature none.jws.sig does not exist"),
        ("a.sig", lambda path: path.write_bytes(b"{}"), 2, "the name of a.sig does not tell the signature's format"),
        ("a.jws.sig", Path.mkdir, 3, "a.jws.sig is not a regular file"),
        ("a.jws.sig", os.mkfifo, 3, "a.jws.sig is not a regular file"),
        ("a.jws.sig", lambda path: path.symlink_to("/dev/zero"), 3, "a.jws.sig is not a regular file"),
        ("a.jws.sig", lambda path: path.write_bytes(bytes(1024 * 1024 + 1)), 1, "is larger than 1048576 bytes"),
        ("a", lambda path: path.write_bytes(b"{}"), 1, "signature a is not "),
    ],
    ids=["absent", "name", "directory", "pipe", "device", "large", "neither format"],
)
def test_signature_files_that_are_refused(
    world: World, signed: Path, name: str, make: Any, code: int, complaint: str
) -> None:
    """A file that cannot be a signature is refused at once, by its own exit code."""
    if make is not None:
        make(world.folder / name)
    assert complaint in world.refused(code, "blob", "verify", "-s", name, "release.tar")


def test_large_envelope_needs_a_flag(world: World, signed: Path) -> None:
    """A signature above the usual size is read with --max-envelope-size."""
    content = json.loads(signed.read_bytes())
    content["header"]["io.cncf.notary.signingAgent"] = "x" * 1024 * 1024
    signed.write_text(json.dumps(content))
    assert "is larger than 1048576 bytes" in world.refused(1, "blob", "verify", "release.tar")
    assert world.did("blob", "verify", "--max-envelope-size", "2", "release.tar") == _SUCCESS
    assert "must be 1 to 32" in world.refused(2, "blob", "verify", "--max-envelope-size", "33", "release.tar")


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda _: None, "bad does not exist: check the path of the blob"),
        (Path.mkdir, "bad is not a regular file: name the files in the folder, or pack it with tar"),
        (os.mkfifo, "bad is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "bad is not a regular file"),
    ],
    ids=["absent", "directory", "pipe", "device"],
)
def test_blobs_that_are_refused(world: World, signed: Path, make: Callable[[Path], None], complaint: str) -> None:
    """What is no regular file is exit code 3, with the name of a signature and without."""
    make(world.folder / "bad")
    for flags in ((), ("-s", "release.tar.jws.sig")):
        assert world.refused(3, "blob", "verify", *flags, "bad") == complaint


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--policy-name", ""), "--policy-name is set, but with an empty value"),
        (("--media-type", ""), "--media-type is set, but with an empty value"),
        (("--signature", ""), "--signature is set, but with an empty value"),
        (("--signature-directory", ""), "--signature-directory is set, but with an empty value"),
        (("--signature-directory", "absent"), "--signature-directory absent is no directory"),
        (("--signature", "a.jws.sig", "--signature-directory", "."), "exclude each other"),
        (("--signature", "a.jws.sig", "other"), "--signature is for one blob"),
        (("--signature", "a.jws.sig", "--from", "-"), "--signature is for one blob"),
        (("-",), "the blob on standard input must be the only one"),
        (("-m", "x"), "not of the form key=value"),
        (("--crl", "absent"), "does not exist"),
        (("--ocsp-timeout", "0s"), "must be a second or more"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_flags_that_are_refused(world: World, signed: Path, flags: tuple[str, ...], complaint: str) -> None:
    """What is wrong with a command line is exit code 2; an empty value, as of an unset variable, is no absent flag."""
    assert complaint in world.refused(2, "blob", "verify", *flags, "release.tar")


def test_expired_signature_is_refused(world: World, signed: Path) -> None:
    """A signature is of no use after its own end."""
    payload = json.loads(world.did("blob", "inspect", "-o", "json", str(signed)))["signedArtifact"]
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    content = json.dumps({"targetArtifact": payload}).encode()
    signed.write_bytes(sign_envelope(world.chain, JWS, content, now=long_ago, expires_in=timedelta(hours=1)))
    assert world.refused(1, "blob", "verify", "release.tar").startswith(f"{_CONTEXT}expiry: ")


def test_verification_plugin_is_asked(world: World, signed: Path) -> None:
    """The plugin that a blob's signature names is called, with the settings of the command line."""
    payload = json.loads(world.did("blob", "inspect", "-o", "json", str(signed)))["signedArtifact"]
    content = json.dumps({"targetArtifact": payload}).encode()
    named = (ExtendedAttribute(PLUGIN, "checker", critical=True),)
    (world.folder / "release.tar.cose.sig").write_bytes(sign_envelope(world.chain, COSE, content, extended=named))
    signed.unlink()
    identity = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
    for success, code in ((True, 0), (False, 1)):
        answer = {"verificationResults": {identity: {"success": success, "reason": "no"}}, "processedAttributes": []}
        text = shell_plugin("checker", identity, verify_signature=f"tee request > /dev/null; {answering(answer)}")
        add_executable(world.home.folder / "plugins", "checker", text)
        assert world.run("blob", "verify", "--plugin-config", "key=value", "release.tar").code == code
    assert json.loads(Path("request").read_bytes())["pluginConfig"] == {"key": "value"}


def test_standard_input_is_verified(world: World, signed: Path) -> None:
    """What comes on standard input is verified by the signature that is named."""
    command = ("blob", "verify", "-s", "release.tar.jws.sig", "-")
    assert world.did(*command, stdin="a release") == "Successfully verified signature for standard input\n"
    error = world.refused(1, *command, stdin="a re1ease")
    assert error.startswith("signature verification failed for standard input under trust policy 'tests' at level ")
    assert "integrity: " in error
    assert world.process(*command, stdin=b"a release").code == 0
    (result,) = _results(world.did("blob", "verify", "-o", "json", *command[2:], stdin="a release"))
    assert result["blob"] == "-"


@pytest.mark.parametrize(("form", "other"), [("jws", "cose"), ("cose", "jws")])
def test_signature_renamed_to_the_other_format(world: World, form: str, other: str) -> None:
    """A signature under the other format's name is refused, and the advice tells what it begins as."""
    world.home.set_blob_policy()
    sign_blob(world, "release.tar", "--signature-format", form)
    (world.folder / f"release.tar.{form}.sig").rename(world.folder / f"release.tar.{other}.sig")
    error = world.refused(1, "blob", "verify", "release.tar")
    assert f"integrity: {other.upper()}: " in error
    assert error.endswith(f" begins as {form.upper()} does: correct the file's name, or the media type, if it is that")


def test_signature_among_the_blobs_is_not_verified(world: World, signed: Path) -> None:
    """A signature that a pattern brings along has none of its own, and the advice says that it needs none."""
    world.home.set_blob_policy()
    done = world.run("blob", "verify", "release.tar", "release.tar.jws.sig")
    assert (done.code, done.out) == (1, _SUCCESS)
    assert error_of(done.err).endswith("exists: leave signatures out, which need none")


def test_several_blobs(world: World, signed: Path) -> None:
    """Each blob has its verdict, in the order of arguments and file, and 1 is the gravest exit code."""
    sign_blob(world, "b", content=b"b")
    make_blob(world, "unsigned")
    (world.folder / "more.txt").write_text("absent\nb\n")
    done = world.run("blob", "verify", "--jobs", "2", "--from", "more.txt", "-o", "json", "release.tar", "unsigned")
    verdicts = [(result["blob"], result["verdict"]) for result in _results(done.out)]
    assert verdicts == [
        ("release.tar", "verified"), ("unsigned", "failed"), ("absent", "failed"), ("b", "verified"),
    ]  # fmt: skip
    assert done.code == 1
    text = world.run("blob", "verify", "--from", "more.txt", "release.tar", "unsigned")
    assert (text.code, text.err) == (1, done.err)
    assert text.out == f"{_SUCCESS}Successfully verified signature for b\n"


def test_blob_that_changes_is_refused(world: World, signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob that is written to while it is verified is an error of storage, and no verdict on its signature."""
    hashed = blob_content.FileBlob._hash

    def touched(*arguments: Any) -> tuple[str, int]:
        digest, size = hashed(*arguments)
        with (world.folder / "release.tar").open("ab") as file:
            file.write(b"more")
        return digest, size

    monkeypatch.setattr(blob_content.FileBlob, "_hash", touched)
    assert "release.tar has changed while it was read" in world.refused(3, "blob", "verify", "release.tar")
