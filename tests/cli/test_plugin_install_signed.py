"""`plugin install --verify-with`, and the setting that requires it: files and what is at a URL."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.publishing import STATEMENT, evil, installed, nothing_was_run, signed, verified
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.ca import make_chain
from tests.support.envelopes import COSE, JWS
from tests.support.executables import shell_plugin
from tests.support.homes import OTHER_IDENTITY, blob_policy_document
from tests.support.layouts import blob_path
from tests.support.signatures import envelope_file, flipped, signature_manifests

_WITH = ("plugin", "install", "--verify-with", STATEMENT)
_DONE = "Successfully installed plugin acme, version 1.0.0\n"
_CONTEXT = f"signature verification failed for {{}} under trust policy '{STATEMENT}' at level strict: "


def _requires(world: World, statement: str = STATEMENT) -> None:
    """Has the operator require verification."""
    (world.home.folder / "notarykit.json").write_text(json.dumps({"verifyPluginsWith": statement}))


@pytest.mark.parametrize("signature", ["jws", "cose"])
@pytest.mark.parametrize("form", ["zip", "tar.gz", "executable"])
def test_signed_file(world: World, form: str, signature: str) -> None:
    """A plugin in each form is installed if a trusted signer signed it, by the signature beside it."""
    path = signed(world, form, "1.0.0", "--signature-format", signature)
    assert world.did(*_WITH, "--file", path.name) == verified(path.name) + _DONE
    assert "acme" in world.did("plugin", "list")


def test_signature_elsewhere(world: World) -> None:
    """A signature is named, also where one that does not hold is beside the plugin."""
    path = signed(world)
    beside = Path(f"{path}.jws.sig")
    (world.folder / "release.jws.sig").write_bytes(beside.read_bytes())
    beside.write_bytes(flipped(beside.read_bytes(), JWS))
    for flag in ("--signature", "-s"):
        out = world.did(*_WITH, "--force", flag, "release.jws.sig", "--file", path.name)
        assert out.startswith(verified(path.name))
    assert "does not exist" in world.refused(3, *_WITH, "-s", "none.jws.sig", "--file", path.name)


def test_one_of_two_signatures_suffices(world: World) -> None:
    """One signature that does not hold does not keep the other from being accepted, whatever hash it is over."""
    path = signed(world, "tar.gz", "1.0.0", "--signature-format", "cose")
    world.home.add_key(make_chain("EC-384", 1), "other")
    world.did("blob", "sign", "--key", "other", path.name)
    assert world.did(*_WITH, "--file", path.name) == verified(path.name) + _DONE
    Path(f"{path}.cose.sig").unlink()
    text = world.refused(1, *_WITH, "--force", "--file", path.name)
    assert text.startswith(_CONTEXT.format(path.name))
    assert "authenticity: no certificate" in text


def test_what_is_not_verified_is_not_run(world: World) -> None:
    """Without a signature, and with that of another archive, nothing is unpacked or run, forced or not."""
    path = signed(world)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert "integrity: the signature is for sha256:" in world.refused(1, *_WITH, "--file", path.name)
    evil(world)
    for flags in ((), ("--force",)):
        text = world.refused(1, *_WITH, *flags, "--file", path.name)
        assert text.startswith(f"{_CONTEXT.format(path.name)}integrity: the signature is for {len(good)} bytes")
    for each in (".jws.sig", ".cose.sig"):
        Path(f"{path}{each}").unlink(missing_ok=True)
    assert world.refused(1, *_WITH, "--file", path.name) == (
        f"{_CONTEXT.format(path.name)}there is no signature: neither acme.tar.gz.jws.sig nor acme.tar.gz.cose.sig "
        "exists: name it with --signature"
    )
    assert nothing_was_run(world)


@pytest.mark.parametrize("form", [JWS, COSE])
def test_tampered_signature(world: World, form: str) -> None:
    """A signature with one bit changed is refused."""
    short = {JWS: "jws", COSE: "cose"}[form]
    path = signed(world, "zip", "1.0.0", "--signature-format", short)
    signature = Path(f"{path}.{short}.sig")
    signature.write_bytes(flipped(signature.read_bytes(), form))
    assert "does not hold" in world.refused(1, *_WITH, "--file", path.name)
    assert nothing_was_run(world)


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"identities": [OTHER_IDENTITY]}, 1, "trustedIdentities"),
        ({"level": "permissive", "identities": [OTHER_IDENTITY]}, 1, "trustedIdentities"),
        ({"level": "audit"}, 2, "at level audit, which does not enforce authenticity: no plugin is installed under it"),
        ({"level": "skip"}, 2, "at level skip, which does not enforce authenticity: no plugin is installed under it"),
        ({"level": "strict", "override": {"authenticity": "log"}}, 2, "does not enforce authenticity"),
    ],
)
def test_statement_decides(world: World, changes: Mapping[str, Any], code: int, text: str) -> None:
    """A signer who is not trusted is refused, and so is every plugin where a statement would let strangers pass."""
    path = signed(world)
    world.home.set_blob_policy(blob_policy_document(STATEMENT, is_global=False, **changes))
    assert text in world.refused(code, *_WITH, "--file", path.name)
    assert nothing_was_run(world)


def test_audit_that_enforces_authenticity(world: World) -> None:
    """What counts is the action, and not the level's name."""
    path = signed(world)
    changes = {"level": "audit", "override": {"authenticity": "enforce"}}
    world.home.set_blob_policy(blob_policy_document(STATEMENT, is_global=False, **changes))
    assert world.did(*_WITH, "--file", path.name).endswith(_DONE)


def test_statement_is_chosen_by_name_alone(world: World) -> None:
    """The global statement does not stand in for the one that is named, nor for no policy at all."""
    path = signed(world)
    world.home.set_blob_policy(blob_policy_document("others"))
    assert "no applicable blob trust policy with name 'plugins'" in world.refused(1, *_WITH, "--file", path.name)
    world.home.blob_policy_file.unlink()
    assert "no blob trust policy" in world.refused(2, *_WITH, "--file", path.name)
    assert "empty value" in world.refused(2, "plugin", "install", "--verify-with=", "--file", path.name)


def test_media_type_and_metadata(world: World) -> None:
    """A media type and metadata that are asked for must have been signed."""
    path = signed(world, "tar.gz", "1.0.0", "--media-type", "application/vnd.acme.plugin", "-m", "plugin=acme")
    wanted = ("--media-type", "application/vnd.acme.plugin", "-m", "plugin=acme")
    out = world.did(*_WITH, *wanted, "--file", path.name)
    assert "The plugin was signed with the following user metadata:\n\nKEY      VALUE\nplugin   acme\n" in out
    for flags, text in (
        (("--media-type", "application/gzip"), "the signature is for the media type 'application/vnd.acme.plugin'"),
        (("-m", "plugin=other"), "metadata"),
    ):
        assert text in world.refused(1, *_WITH, "--force", *flags, "--file", path.name)


def test_signature_of_an_artifact(world: World) -> None:
    """The signature of an artifact is no signature of a file, even of its manifest's bytes."""
    path = signed(world)
    world.sign()
    Path(f"{path}.jws.sig").write_bytes(envelope_file("hello", signature_manifests("hello")[0]).read_bytes())
    assert "the signature is of an artifact" in world.refused(1, *_WITH, "--file", path.name)
    path.write_bytes(blob_path("hello", world.layout.digest).read_bytes())
    assert "the signature is of an artifact" in world.refused(1, *_WITH, "--file", path.name)


def test_older_version(world: World) -> None:
    """An older version is signed as well, and is not installed over a newer one unless forced."""
    world.did(*_WITH, "--file", signed(world, "zip", "1.1.0").name)
    Path(f"{world.folder}/acme.zip.jws.sig").unlink()
    old = signed(world, "zip", "1.0.0")
    done = world.run(*_WITH, "--file", old.name)
    assert (done.code, done.out) == (4, verified(old.name))
    assert "version 1.0.0 is not newer than 1.1.0" in done.err
    assert "from version 1.1.0 to 1.0.0" in world.did(*_WITH, "--force", "--file", old.name)


def test_checksum_counts_as_well(world: World) -> None:
    """A checksum that is given has to be right, whoever signed."""
    path = signed(world)
    text = world.refused(1, *_WITH, "--sha256sum", "0" * 64, "--file", path.name)
    assert "checksum does not match" in text
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert world.did(*_WITH, "--sha256sum", right, "--file", path.name).endswith(_DONE)


def test_output_as_json(world: World) -> None:
    """The document has the plugin, and the verdict on its signature if there was one."""
    path = signed(world)
    document = json.loads(world.did(*_WITH, "-o", "json", "--file", path.name))
    schema("plugin-install").validate(document)
    assert (document["plugin"], document["version"], document["earlierVersion"]) == ("acme", "1.0.0", "")
    verdict = document["verification"]
    assert (verdict["verdict"], verdict["policy"], verdict["signature"]) == (
        "verified",
        STATEMENT,
        f"{path.name}.jws.sig",
    )
    assert verdict["artifact"]["digest"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    plain = json.loads(world.did("plugin", "install", "--force", "-o", "json", "--file", path.name))
    schema("plugin-install").validate(plain)
    assert plain == {"plugin": "acme", "version": "1.0.0", "earlierVersion": "1.0.0"}
    evil(world)
    done = world.run(*_WITH, "-o", "json", "--file", path.name)
    failed = json.loads(done.out)
    schema("plugin-install").validate(failed)
    assert (done.code, failed["error"]["exitCode"]) == (1, 1)
    assert failed["error"]["message"].startswith(_CONTEXT.format(path.name))
    assert not schema("plugin-install").is_valid({**plain, "verification": {}})


def test_steps_are_shown(world: World) -> None:
    """With --verbose each step is shown, of signatures that are accepted and of others."""
    path = signed(world)
    assert "  authenticity: passed\n" in world.run(*_WITH, "-v", "--file", path.name).err
    evil(world)
    assert "  integrity: failed (" in world.run(*_WITH, "-v", "--file", path.name).err


# The setting


def test_required_verification(world: World) -> None:
    """With the setting, a plugin is verified without a flag, and what cannot be verified is refused."""
    path = signed(world)
    _requires(world)
    assert world.did("plugin", "install", "--file", path.name) == verified(path.name) + _DONE
    evil(world)
    for flags in ((), ("--sha256sum", hashlib.sha256(path.read_bytes()).hexdigest())):
        text = world.refused(1, "plugin", "install", "--force", *flags, "--file", path.name)
        assert text.startswith(_CONTEXT.format(path.name))
    assert not (world.folder / "ran").exists()
    settings = world.home.folder / "notarykit.json"
    assert world.refused(2, "plugin", "install", "--from-package", "local-file") == (
        f"a package that is installed cannot be verified any more, and {settings} has plugins verified with 'plugins' "
        "before they are installed: verify its wheel with 'notarykit blob verify' before pip installs it"
    )
    assert world.refused(2, "plugin", "install", "--verify-with", "others", "--file", path.name) == (
        f"{settings} has plugins verified with the trust policy statement 'plugins', and not with 'others': "
        "leave the other name out"
    )


def test_setting_that_names_no_statement(world: World) -> None:
    """A name that the policy does not have, or a malformed setting, lets nothing be installed."""
    path = signed(world)
    _requires(world, "plugin")
    assert "did you mean 'plugins'?" in world.refused(1, "plugin", "install", "--file", path.name)
    _requires(world, "")
    assert "'verifyPluginsWith' must not be empty" in world.refused(2, "plugin", "install", "--file", path.name)
    assert nothing_was_run(world)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--signature", "x", "--file", "x"), "--signature requires --verify-with"),
        (("--evidence", "x", "--file", "x"), "--evidence requires --verify-with"),
        (("-m", "a=b", "--url", "https://x"), "--user-metadata requires --verify-with"),
        (("--artifact", "localhost:1/x:v1"), "--artifact requires --verify-with"),
        (
            (*_WITH[2:], "--artifact", "--sha256sum", "x", "localhost:1/x:v1"),
            "--artifact cannot be combined with --sha",
        ),
        ((*_WITH[2:], "--artifact", "-s", "x", "localhost:1/x:v1"), "--artifact cannot be combined with --signature"),
        ((*_WITH[2:], "--artifact", "--media-type", "a/b", "localhost:1/x:v1"), "cannot be combined with --media-type"),
        ((*_WITH[2:], "--file", "--signature-url", "x", "x"), "--file cannot be combined with --signature-url"),
        ((*_WITH[2:], "--file", "--scope", "x/y", "x"), "--file cannot be combined with --scope"),
        ((*_WITH[2:], "--url", "--oci-layout", "https://x"), "--url cannot be combined with --oci-layout"),
        ((*_WITH[2:], "--url", "--signature-url", "x", "-s", "x", "https://x"), "exclude each other"),
        ((*_WITH[2:], "--from-package", "local-file"), "--from-package can only be combined with --force"),
        ((*_WITH[2:], "--file", "--artifact", "x"), "exclude each other"),
        ((*_WITH[2:], "--artifact", "acme.tar.gz"), "reference 'acme.tar.gz' is malformed"),
    ],
)
def test_usage(world: World, arguments: tuple[str, ...], text: str) -> None:
    """Flags that would have no effect, or not the one that somebody means, are refused."""
    world.home.set_blob_policy(blob_policy_document(STATEMENT))
    world.home.set_policy()
    assert text in world.refused(2, "plugin", "install", *arguments)


def test_name_of_an_executable(world: World) -> None:
    """The name of a file is not signed: an executable under another name than its own is refused."""
    path = signed(world, "executable")
    other = path.rename(world.folder / "notation-other")
    Path(f"{path}.jws.sig").rename(f"{other}.jws.sig")
    done = world.run(*_WITH, "--file", other.name)
    assert (done.code, done.out) == (4, verified(other.name))
    assert "acme" in done.err
    assert not installed(world, "other").exists()


def test_installed_is_what_wasverified(world: World) -> None:
    """The executable that is in its place is byte by byte the one of the archive that was signed."""
    path = signed(world)
    world.did(*_WITH, "--file", path.name)
    assert installed(world).read_text() == shell_plugin("acme")
