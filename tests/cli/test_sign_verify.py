"""Successful signing and verification: output, warnings and verdicts."""

import json
import shutil
import tarfile
from datetime import datetime, timedelta

import pytest

from tests.cli.world import VERIFY, World
from tests.support.ca import Changes, make_chain, ocsp_at
from tests.support.homes import IDENTITY, OTHER_IDENTITY, complete_home, policy_document
from tests.support.layouts import (
    INDEX_TYPE,
    MANIFEST_TYPE,
    add_artifact,
    add_blob,
    make_layout,
    read_index,
    write_index,
)
from tests.support.signatures import signature_manifests

SIGN_WARNING = (
    "Warning: Always sign the artifact using digest(@sha256:...) rather than a tag(:v1) because tags are mutable and a "
    "tag reference can point to a different artifact than the one signed.\n"
)
VERIFY_WARNING = (
    "Warning: Always verify the artifact using digest(@sha256:...) rather than a tag(:v1) because resolved digest may "
    "not point to the same signed artifact, as tags are mutable.\n"
)


def _other_signer(world: World) -> None:
    """Signs with a key whose root is not trusted."""
    world.home.add_key(make_chain("EC-256", 2), "other")
    world.sign("--key", "other")


def test_reference_by_digest(world: World) -> None:
    """By the digest nothing comes but the line that says what was done."""
    assert world.sign() == f"Successfully signed {world.reference}\n"
    assert world.verify() == f"Successfully verified signature for {world.reference}\n"


def test_reference_by_tag_brings_a_warning(world: World) -> None:
    """By the tag the digest that it leads to is named, and a warning goes to standard error."""
    done = world.run("sign", "--oci-layout", "hello:v1")
    assert done == (0, f"Successfully signed {world.reference}\n", SIGN_WARNING)
    done = world.run(*VERIFY, "hello:v1")
    assert done == (0, f"Successfully verified signature for {world.reference}\n", VERIFY_WARNING)


def test_user_metadata_is_printed(world: World) -> None:
    """Signed metadata is printed in a table, sorted by key."""
    world.sign("-m", "name=Grüße", "-m", "build=42", "-m", "longer.key=1")
    assert world.verify("-m", "build=42") == (
        f"Successfully verified signature for {world.reference}\n"
        "\nThe artifact was signed with the following user metadata.\n\n"
        "KEY          VALUE\n"
        "build        42\n"
        "longer.key   1\n"
        "name         Grüße\n"
    )


def test_several_references_are_signed_and_verified(world: World) -> None:
    """Several artifacts are signed and verified by one command each."""
    references = [world.reference, f"hello@{add_artifact('hello', 'v2').digest}"]
    assert world.did("sign", "--oci-layout", *references) == "".join(
        f"Successfully signed {each}\n" for each in references
    )
    lines = world.did(*VERIFY, *references).splitlines()
    assert lines == [f"Successfully verified signature for {each}" for each in references]


def test_settings_choose_the_format(world: World) -> None:
    """The format is JWS, or what the settings say, or what the flag says."""

    def newest() -> str:
        shown = json.loads(world.did("inspect", "--oci-layout", "-o", "json", world.reference))
        return str(shown["signatures"][-1]["mediaType"])

    world.sign()
    assert newest() == "application/jose+json"
    (world.home.folder / "config.json").write_text('{"signatureFormat":"cose","insecureRegistries":["a:5000"]}')
    world.sign()
    assert newest() == "application/cose"
    world.sign("--signature-format", "jws")
    assert newest() == "application/jose+json"


def test_layout_in_a_tar_file_is_verified(world: World) -> None:
    """A tar file of a layout is read like the folder, and not written to."""
    world.sign()
    with tarfile.open("hello.tar", "w") as archive:
        archive.add("hello", ".")
    reference = f"hello.tar@{world.layout.digest}"
    assert world.verify(reference=reference) == f"Successfully verified signature for {reference}\n"
    assert world.did("list", "--oci-layout", reference).startswith(reference)
    error = world.refused(3, "sign", "--oci-layout", reference)
    assert error == "hello.tar is a tar file, which can only be read: extract it into a folder"


def test_layout_paths_of_any_form(world: World) -> None:
    """A layout's path may hold colons, at signs, blanks and other scripts."""
    for path in ("a:b/c", "with@sign", "a b", "größe", "-x", "./d//e/"):
        shutil.copytree("hello", path)
        reference = f"{path}@{world.layout.digest}"
        assert world.sign("--", reference=reference) == f"Successfully signed {reference}\n"
        assert world.verify("--", reference=reference) == f"Successfully verified signature for {reference}\n"


def test_digest_of_another_algorithm_is_not_found(world: World) -> None:
    """A digest that the layout does not list is not found, in any algorithm."""
    reference = f"hello@sha512:{'0' * 128}"
    assert world.refused(3, "sign", "--oci-layout", reference).startswith("hello has no artifact 'sha512:")


def test_skip_level_is_reported(world: World) -> None:
    """Under `skip` nothing is opened, and the line says that nothing was verified."""
    world.home.set_policy(policy_document(level="skip", scopes=["local/tests"]))
    reference = f"nowhere@{world.layout.digest}"
    assert world.verify(reference=reference) == (
        f"Trust policy is configured to skip signature verification for {reference}\n"
    )


def test_audited_signature_is_not_reported_as_verified(world: World) -> None:
    """Under `audit` an untrusted signer passes with a warning; nothing is called verified, no metadata is shown."""
    _other_signer(world)
    world.home.set_policy(policy_document(level="audit"))
    done = world.run(*VERIFY, world.reference)
    assert done.code == 0
    assert (
        done.out
        == f"Audited signature for {world.reference}: the signer is not trusted, and the trust policy permits it\n"
    )
    (signature,) = signature_manifests("hello")
    warning = 'authenticity was set to "log" and failed with error: no certificate of the chain is in the trust stores '
    assert done.err.startswith(f"Warning: {world.reference}: signature {signature}: {warning}")
    assert done.err.count("\n") == 1


def test_logged_failure_brings_a_warning(world: World) -> None:
    """A step that the policy only logs brings a warning with the reason."""
    chain = make_chain("EC-256", 3, leaf=Changes(put=(ocsp_at("http://ocsp.invalid"),)))
    world.home.add_key(chain, "online")
    world.home.trust(chain)
    world.sign("--key", "online")
    error = world.refused(1, *VERIFY, world.reference)
    assert ": revocation: revocation status of certificate 'CN=wabbit-networks.io," in error
    world.home.set_policy(policy_document(override={"revocation": "log"}))
    done = world.run(*VERIFY, world.reference)
    assert (done.code, done.out) == (0, f"Successfully verified signature for {world.reference}\n")
    (signature,) = signature_manifests("hello")
    warning = 'revocation was set to "log" and failed with error: revocation status of certificate '
    assert done.err.startswith(f"Warning: {world.reference}: signature {signature}: {warning}")
    world.home.set_policy(policy_document(override={"revocation": "skip"}))
    assert world.verify().startswith("Successfully verified")


def test_one_valid_signature_is_enough(world: World) -> None:
    """An accepted signature counts after refused ones; `--verbose` prints the reasons of refusal."""
    _other_signer(world)
    world.sign("--key", "build")
    first, second = signature_manifests("hello")
    assert world.verify() == f"Successfully verified signature for {world.reference}\n"
    done = world.run(*VERIFY, "--verbose", world.reference)
    assert done.out == f"Successfully verified signature for {world.reference}\n"
    lines = done.err.splitlines()
    assert lines[0].startswith(f"{world.reference}: not accepted: signature {first}: authenticity: ")
    assert lines[1] == f"{world.reference}: signature {second}, trust policy 'tests' at level strict:"
    assert [line.split(":")[0].strip() for line in lines[2:]] == [
        "integrity", "authenticity", "expiry", "authenticTimestamp", "revocation", "extendedValidation", "userMetadata",
    ]  # fmt: skip
    assert all(": passed" in line for line in lines[2:])
    limited = world.run(*VERIFY, "--max-signatures=1", world.reference)
    assert limited.code == 1


def test_verbose_prints_the_steps_of_a_refusal(world: World) -> None:
    """`--verbose` shows every step that was reached, under the signature's digest, before the error's own line."""
    world.sign()
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    done = world.run(*VERIFY, "-v", world.reference)
    lines = done.err.splitlines()
    assert (done.code, done.out, len(lines)) == (1, "", 4)
    signature = signature_manifests("hello")[0]
    assert lines[0] == f"{world.reference}: signature {signature}, trust policy 'tests' at level strict:"
    assert lines[1] == "  integrity: passed"
    assert lines[2].startswith("  authenticity: failed (signing certificate's subject ")
    assert lines[3].startswith("Error: signature verification failed for ")


def test_scope_selects_the_policy(world: World) -> None:
    """The statement that names the scope counts before the one for all."""
    document = policy_document([OTHER_IDENTITY])
    named = policy_document([IDENTITY], scopes=["local/tests"])["trustPolicies"][0]
    document["trustPolicies"].append({**named, "name": "named"})
    world.home.set_policy(document)
    world.sign()
    world.verify()
    assert world.run("verify", "--oci-layout", "--scope", "local/other", world.reference).code == 1


def test_oci_policy_file_takes_precedence(world: World) -> None:
    """The newer name of the policy file counts, with a warning that there are two."""
    world.sign()
    newer = world.home.folder / "trustpolicy.oci.json"
    newer.write_text(json.dumps(policy_document([OTHER_IDENTITY])))
    done = world.run(*VERIFY, world.reference)
    assert done.code == 1
    assert f"Warning: {newer} is used and {world.home.policy_file} is not: keep one of them\n" in done.err
    world.home.policy_file.unlink()
    newer.write_text(json.dumps(policy_document()))
    world.verify()


def test_configuration_folder_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without $NOTATION_CONFIG the settings are in notation's folder below $XDG_CONFIG_HOME or the home."""
    world.sign()
    monkeypatch.delenv("NOTATION_CONFIG")
    complete_home(world.folder / "xdg" / "notation", world.chain)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(world.folder / "xdg"))
    world.verify()
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    error = world.refused(2, *VERIFY, world.reference)
    assert error == "$XDG_CONFIG_HOME is a relative path: set it to an absolute one, or unset it"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    (world.folder / "home" / ".config").mkdir()
    complete_home(world.folder / "home" / ".config" / "notation", world.chain)
    world.verify()
    monkeypatch.delenv("HOME")
    error = world.refused(2, *VERIFY, world.reference)
    assert error == "$HOME is not set: set it, or set $NOTATION_CONFIG to the settings' folder"


def test_unexpired_signature_is_verified(world: World) -> None:
    """A signature that has an expiry is good until then."""
    world.sign("-e", "1h")
    world.verify()
    shown = json.loads(world.did("inspect", "--oci-layout", "-o", "json", world.reference))
    attributes = shown["signatures"][0]["signedAttributes"]
    signed_at, expires = (attributes[name].replace("Z", "+00:00") for name in ("signingTime", "expiry"))
    assert datetime.fromisoformat(expires) - datetime.fromisoformat(signed_at) == timedelta(hours=1)


def test_artifact_in_a_nested_index_is_found(world: World) -> None:
    """An artifact that only an index inside of the layout names is found by its digest."""
    inner = make_layout("inner", "nested")
    shutil.copytree("inner/blobs", "hello/blobs", dirs_exist_ok=True)

    size = len((world.folder / "inner" / "blobs" / "sha256" / inner.digest[7:]).read_bytes())
    nested = {"schemaVersion": 2, "manifests": [{"mediaType": MANIFEST_TYPE, "digest": inner.digest, "size": size}]}
    content = json.dumps(nested).encode()
    index = read_index("hello")
    index["manifests"].append({"mediaType": INDEX_TYPE, "digest": add_blob("hello", content), "size": len(content)})
    write_index("hello", index)
    reference = f"hello@{inner.digest}"
    world.sign(reference=reference)
    assert world.verify(reference=reference) == f"Successfully verified signature for {reference}\n"


def test_tag_may_be_a_whole_reference(world: World) -> None:
    """A tag as written by skopeo and podman is signed, listed and verified."""
    tag = "docker.io/library/hello:v1"
    index = read_index(world.layout.path)
    index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] = tag
    write_index(world.layout.path, index)
    reference = f"hello:{tag}"
    assert f"hello@{world.layout.digest}\n" in world.run("sign", "--oci-layout", reference).out
    assert world.layout.digest in world.run("list", "--oci-layout", reference).out
    assert f"hello@{world.layout.digest}\n" in world.run(*VERIFY, reference).out
    assert world.run("verify", "--oci-layout", "--scope", "local/hello", f"{reference}@{world.layout.digest}").code == 0
