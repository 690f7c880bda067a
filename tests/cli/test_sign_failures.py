"""Signing that cannot be done: the exit code says whose turn it is, and one line says what to do."""

import json
import warnings
from collections.abc import Callable
from datetime import timedelta

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitWarning
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.cli.world import World, error_of
from tests.support.ca import NOT_BEFORE, make_chain, pem_of
from tests.support.layouts import make_layout

Prepare = Callable[[World], object]


def _key(world: World, content: bytes) -> None:
    (world.home.folder / "build.key").write_bytes(content)


def _certificates(world: World, content: bytes) -> None:
    (world.home.folder / "build.chain.pem").write_bytes(content)


def _folder_as_key(world: World) -> None:
    (world.home.folder / "build.key").unlink()
    (world.home.folder / "build.key").mkdir()


def _expired(world: World) -> None:
    past = make_chain("EC-256", 2, not_after=NOT_BEFORE + timedelta(days=1))
    _key(world, past.key_pem)
    _certificates(world, past.chain_pem)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        pytest.param(
            lambda world: (world.home.folder / "build.key").unlink(),
            "private key {home}/build.key does not exist: check the path",
            id="no key file",
        ),
        pytest.param(
            _folder_as_key,
            "private key {home}/build.key is not a regular file: check the path, its owner and its mode",
            id="a folder in the key's place",
        ),
        pytest.param(
            lambda world: _key(world, b"hello"),
            "private key {home}/build.key is not a private key in PEM",
            id="no key in the file",
        ),
        pytest.param(
            lambda world: _key(world, make_chain().key_pem),
            "{home}/build.chain.pem: none of the certificates is of the signing key: "
            "give the certificate that was issued for this key",
            id="a key that does not match its certificate",
        ),
        pytest.param(
            lambda world: (world.home.folder / "build.chain.pem").unlink(),
            "certificate chain {home}/build.chain.pem does not exist: check the path",
            id="no chain file",
        ),
        pytest.param(
            lambda world: _certificates(world, b"hello"),
            "{home}/build.chain.pem is neither PEM nor DER of certificates",
            id="no certificates in the file",
        ),
        pytest.param(
            lambda world: _certificates(world, b"".join(world.chain.pems[:2])),
            "{home}/build.chain.pem: "
            "chain is incomplete: the issuer of 'CN=Intermediate CA 1,OU=Security Tools,O=wabbit-networks.io,L=Seattle,"
            "ST=WA,C=US' is missing: add that CA certificate, and those above it up to the root",
            id="an incomplete chain",
        ),
        pytest.param(
            _expired,
            "signing certificate 'CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US' "
            f"expired on {NOT_BEFORE + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}: "
            "sign with a certificate that is valid now",
            id="an expired chain",
        ),
        pytest.param(
            lambda world: world.home.keys_file.unlink(),
            "there is no signing key yet: add one with 'notarykit key add', or a test key with 'notarykit certificate "
            "generate-test'",
            id="no key at all",
        ),
    ],
)
def test_key_that_cannot_sign_ends_with_4(world: World, prepare: Prepare, message: str) -> None:
    """A key or chain that cannot be used ends with 4, and the line names the file or the certificate."""
    prepare(world)
    assert world.refused(4, "sign", "--oci-layout", world.reference) == message.format(home=world.home.folder)
    assert world.did("list", "--oci-layout", world.reference).endswith(" has no associated signature\n")


def test_unlisted_key_is_refused(world: World) -> None:
    """A key that is not on the list ends with 4 and points at the list."""
    error = world.refused(4, "sign", "--oci-layout", "-k", "other", world.reference)
    assert error == "signing key 'other' is not on the list: see 'notarykit key list'"


@pytest.mark.parametrize("traditional", [False, True], ids=["PKCS#8", "SEC1"])
def test_encrypted_key_requires_its_passphrase(
    world: World, monkeypatch: pytest.MonkeyPatch, *, traditional: bool
) -> None:
    """An encrypted key needs its passphrase from the environment where no terminal is; a wrong one ends with 4."""
    _key(world, pem_of(world.chain.leaf_key, b"secret", traditional=traditional))
    command = ("sign", "--oci-layout", world.reference)
    absent = "the private key is encrypted and there is no terminal for a prompt: set $NOTARYKIT_KEY_PASSPHRASE"
    assert world.refused(4, *command) == absent
    wrong = f"private key {world.home.folder}/build.key cannot be decrypted: the passphrase is wrong"
    for guess in ("Secret", "", "x" * 5000):
        monkeypatch.setenv("NOTARYKIT_KEY_PASSPHRASE", guess)
        assert world.refused(4, *command) == (wrong if guess else wrong.replace("wrong", "empty"))
    monkeypatch.setenv("NOTARYKIT_KEY_PASSPHRASE", "secret")
    assert world.did(*command) == f"Successfully signed {world.reference}\n"


def test_passphrase_may_be_any_bytes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of the environment's passphrase are used unchanged."""
    secret = b"\xff\xfe secret"
    _key(world, pem_of(world.chain.leaf_key, secret))
    monkeypatch.setenv("NOTARYKIT_KEY_PASSPHRASE", secret.decode("utf-8", "surrogateescape"))
    assert world.sign() == f"Successfully signed {world.reference}\n"


def test_readable_key_brings_a_warning(world: World) -> None:
    """A key file that others can read brings a warning and still signs."""
    (world.home.folder / "build.key").chmod(0o644)
    done = world.run("sign", "--oci-layout", world.reference)
    warning = f"Warning: private key {world.home.folder}/build.key can be read by others: run chmod 600 on it\n"
    assert done == (0, f"Successfully signed {world.reference}\n", warning)


def test_missing_artifacts_end_with_3(world: World) -> None:
    """A tag that is not there, a folder that is no layout and a file that is no archive end with 3."""
    (world.folder / "empty").mkdir()
    (world.folder / "file").write_bytes(b"hello")
    absent = (
        "hello has no artifact 'v9': look at the digests and at 'org.opencontainers.image.ref.name' in its index.json"
    )
    no_layout = "{} is not an OCI image layout: it has no file oci-layout: check the path"
    for command in (("sign",), ("verify", "--scope", "local/tests"), ("list",), ("inspect",)):
        digest = f"sha256:{'0' * 64}"
        assert world.refused(3, *command, "--oci-layout", f"hello@{digest}") == absent.replace("v9", digest)
        assert world.refused(3, *command, "--oci-layout", f"empty@{digest}") == no_layout.format("empty")
        assert world.refused(3, *command, "--oci-layout", f"absent@{digest}") == no_layout.format("absent")
        error = world.refused(3, *command, "--oci-layout", f"file@{digest}")
        assert error.startswith("file is not a tar file of an image layout: ")
    done = world.run("sign", "--oci-layout", "hello:v9")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[-1] == f"Error: {absent}"


def test_each_reference_has_its_outcome(world: World) -> None:
    """Each reference is signed by itself: one that fails does not stop the next, and the highest code is the end."""
    make_layout(world.folder / "other")
    other = f"other@{world.layout.digest}"
    absent = f"absent@{world.layout.digest}"
    done = world.run("sign", "--oci-layout", world.reference, absent, other)
    assert done.code == 3
    assert done.out == f"Successfully signed {world.reference}\nSuccessfully signed {other}\n"
    assert done.err.startswith(f"Error: {absent}: absent is not an OCI image layout")
    assert done.err.count("\n") == 1


def test_warnings_name_their_artifact(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning that comes up for each artifact is shown for each, and one about the key once."""
    other = make_layout(world.folder / "other")
    (world.home.folder / "build.key").chmod(0o644)
    resolve = ImageLayout.resolve

    def odd(self: ImageLayout, identifier: Tag | Digest) -> Descriptor:
        warnings.warn("something is odd", NotarykitWarning, stacklevel=1)
        return resolve(self, identifier)

    monkeypatch.setattr(ImageLayout, "resolve", odd)
    references = [world.reference, f"other@{other.digest}"]
    first, *others = world.run("sign", "--oci-layout", *references).err.splitlines()
    assert first.startswith("Warning: private key ")
    assert others == [f"Warning: {each}: something is odd" for each in references]


def test_unforeseen_error_does_not_end_the_others(world: World) -> None:
    """An unforeseen error with one reference does not hide the signatures of others, in text and in JSON."""
    bad = make_layout(world.folder / "bad", "v2")
    world.break_at(bad.digest)
    references = (world.reference, f"bad@{bad.digest}")
    done = world.run("sign", "--oci-layout", *references)
    assert (done.code, done.out) == (70, f"Successfully signed {world.reference}\n")
    assert error_of(done.err).startswith(f"bad@{bad.digest}: internal error: ZeroDivisionError: swordfish")
    document = json.loads(world.run("sign", "--oci-layout", "-o", "json", *references).out)
    assert [each["signed"] for each in document["results"]] == [True, False]
    assert document["results"][1]["error"]["exitCode"] == 70


def test_missing_plugin_ends_with_4(world: World) -> None:
    """A plugin that is not installed ends with 4, named on the command line or on the list of keys."""
    world.did("key", "add", "--plugin", "local-file", "--id", "1", "far")
    keys = world.home.keys_file
    keys.write_text(keys.read_text().replace('"local-file"', '"none"'))  # as if it was uninstalled since
    missing = (
        "plugin 'none' is not installed: see 'notarykit plugin list'; install a package with pip, "
        "an executable with 'notarykit plugin install'"
    )
    assert world.refused(4, "sign", "--oci-layout", "--key", "far", world.reference) == missing
    assert world.refused(4, "sign", "--oci-layout", "--plugin", "none", "--id", "1", world.reference) == missing
    error = world.refused(4, "sign", "--oci-layout", "--plugin", "../none", "--id", "1", world.reference)
    assert error == "'../none' is no plugin name: it must be of letters, digits, '_', '.' and '-'"


def test_malformed_key_list_ends_with_2(world: World) -> None:
    """A list of keys that is malformed, or a link, ends with 2 and is left as it is."""
    world.home.keys_file.write_text('{"keys":[{"name":"a","keyPath":"k","certPath":"c"}],"default":"b"}')
    error = world.refused(2, "sign", "--oci-layout", world.reference)
    assert (
        error
        == f"malformed {world.home.keys_file}: the default key 'b' is not on the list: correct it, or move it away"
    )
    world.home.keys_file.rename(world.folder / "elsewhere")
    world.home.keys_file.symlink_to(world.folder / "elsewhere")
    error = world.refused(2, "key", "list")
    assert error == f"{world.home.keys_file} is not a regular file: links are not followed"


def test_malformed_settings_end_with_2(world: World) -> None:
    """Settings that are malformed or name another format end with 2."""
    settings = world.home.folder / "config.json"
    settings.write_text('{"signatureFormat":"pgp"}')
    error = world.refused(2, "sign", "--oci-layout", world.reference)
    assert error == f"settings {settings}: signatureFormat 'pgp' is not one of jws, cose: correct it, or move it away"
