"""`certificate`: what goes into a trust store, what is shown of it, and what is asked before it goes."""

import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.cli.world import World
from tests.support.ca import make_chain, pem_of
from tests.support.homes import policy_document

LEAF = "CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US"
STORE = ("-t", "ca", "-s", "acme")


def _root(world: World, name: str = "root.crt") -> str:
    (world.folder / name).write_bytes(make_chain("EC-256", 2).pems[-1])
    return name


def test_added_certificates_are_listed(world: World) -> None:
    """Added files are copied under their own names, readable for the owner alone, and listed by store."""
    paths = [_root(world), _root(world, "second.pem")]
    text = world.did("cert", "add", *STORE, *paths)
    assert text == "Successfully added following certificates to named store acme of type ca:\nroot.crt\nsecond.pem\n"
    for path in paths:
        stored = world.home.store("acme") / path
        assert stored.read_bytes() == Path(path).read_bytes()
        assert stored.stat().st_mode & 0o777 == 0o600
    assert world.home.store("acme").stat().st_mode & 0o777 == 0o700
    assert world.did("certificate", "list") == (
        "STORE TYPE   STORE NAME   CERTIFICATE\n"
        "ca           acme         root.crt\n"
        "ca           acme         second.pem\n"
        "ca           tests        root0.pem\n"
    )
    assert world.did("cert", "ls", "-t", "ca", "-s", "tests").endswith("root0.pem\n")
    assert world.did("cert", "ls", "-t", "tsa") == world.did("cert", "ls", "-s", "none") == ""


def test_added_root_is_trusted(world: World) -> None:
    """A root that was added is what `verify` asks for."""
    world.sign()
    (world.home.store() / "root0.pem").unlink()
    assert world.run("verify", "--oci-layout", "--scope", "local/tests", world.reference).code == 2
    (world.folder / "root.cer").write_bytes(world.chain.ders[-1])
    world.did("cert", "add", "--type", "ca", "--store", "tests", "root.cer")
    world.verify()


def _head(store: str = "acme", kind: str = "ca") -> str:
    return f"failed to add to named store {store} of type {kind}: "


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.pem", None, "absent.pem does not exist"),
        ("text.pem", b"hello", "text.pem is neither PEM nor DER of certificates"),
        ("empty.pem", b"", "empty.pem holds no certificate: give PEM or DER"),
        ("key.pem", pem_of(make_chain().leaf_key), "key.pem holds no certificate: give PEM or DER"),
        ("root.txt", make_chain().pems[-1], "root.txt: certificate files end in .pem, .crt, .cer: rename it"),
        (
            "leaf.pem",
            make_chain("EC-256", 2).pems[0],
            f"leaf.pem: '{LEAF}' is neither a CA certificate nor self-signed",
        ),
        ("cut.pem", make_chain().pems[-1][:-40], "cut.pem has a damaged certificate in PEM"),
    ],
)
def test_file_that_is_no_certificate_is_refused(world: World, name: str, content: bytes | None, reason: str) -> None:
    """A file that holds no trustworthy certificate is refused with 2, and no store is left behind."""
    if content is not None:
        (world.folder / name).write_bytes(content)
    assert world.refused(2, "cert", "add", *STORE, name) == _head() + reason
    assert not world.home.store("acme").exists()


def test_one_bad_file_does_not_keep_others_out(world: World) -> None:
    """The others are added, the line names the one that is not, and nothing is overwritten."""
    paths = [_root(world), "absent.pem", _root(world, "second.pem")]
    done = world.run("cert", "add", *STORE, *paths)
    assert done.code == 2
    assert done.out.splitlines()[1:] == ["root.crt", "second.pem"]
    assert done.err == f"Error: {_head()}absent.pem does not exist\n"
    before = (world.home.store("acme") / "root.crt").read_bytes()
    _root(world)
    error = world.refused(2, "cert", "add", *STORE, "root.crt")
    assert error == f"{_head()}root.crt: certificate already exists in the Trust Store"
    assert (world.home.store("acme") / "root.crt").read_bytes() == before


def test_every_certificate_of_a_bundle_is_named(world: World) -> None:
    """Of a file with several certificates, each is named by its subject and its SHA-256."""
    one, two = make_chain("EC-256", 3), make_chain("EC-384", 2)
    bundle = (*one.ders[1:], two.ders[-1])
    subjects = [x509.load_der_x509_certificate(der).subject.rfc4514_string() for der in bundle]
    (world.folder / "bundle.pem").write_bytes(b"".join((*one.pems[1:], two.pems[-1])))
    lines = world.did("cert", "add", *STORE, _root(world), "bundle.pem").splitlines()
    assert lines[1:4] == ["root.crt", "bundle.pem", "  3 certificates:"]
    named = zip(subjects, bundle, strict=True)
    assert lines[4:] == [f"  {subject}, SHA256 {hashlib.sha256(der).hexdigest()}" for subject, der in named]


def test_tsa_store_accepts_roots_only(world: World) -> None:
    """An intermediate CA certificate goes into a ca store, not into a tsa store."""
    (world.folder / "ca.pem").write_bytes(make_chain("EC-256", 3).pems[1])
    world.did("cert", "add", *STORE, "ca.pem")
    error = world.refused(2, "cert", "add", "-t", "tsa", "-s", "acme", "ca.pem")
    assert error.startswith(f"{_head(kind='tsa')}ca.pem: 'CN=Intermediate CA 1,")
    assert error.endswith("is not a root CA certificate, as a tsa store requires")


@pytest.mark.parametrize(
    "command", [("add", "a.pem"), ("show", "a.pem"), ("delete", "a.pem"), ("list",)], ids=lambda each: each[0]
)
def test_malformed_store_names_are_refused(world: World, command: tuple[str, ...]) -> None:
    """A store's type is one of three, and its name cannot lead out of the folder."""
    error = world.refused(2, "cert", *command, "-t", "CA", "-s", "acme")
    assert error == "unsupported store type: CA: use ca, signingAuthority, tsa"
    for name in ("..", ".", "a/b", "a b"):
        error = world.refused(2, "cert", *command, "-t", "ca", "-s", name)
        assert error == f"trust store name {name!r} must be of letters, digits, '_', '.' and '-'"


def test_show_prints_every_certificate(world: World) -> None:
    """Every certificate of a file is shown with its names, times and thumbprint."""
    chain = make_chain("EC-256", 3)
    (world.home.store() / "both.pem").write_bytes(b"".join(chain.pems[1:]))
    text = world.did("cert", "show", "-t", "ca", "-s", "tests", "both.pem")
    assert text.count("-" * 80) == 2
    for der in chain.ders[1:]:
        certificate = x509.load_der_x509_certificate(der)
        assert f"Subject: {certificate.subject.rfc4514_string()}\n" in text
        assert f"Valid to: {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} +0000 UTC\n" in text
        assert f"SHA256 Thumbprint: {hashlib.sha256(der).hexdigest()}\n" in text
    path = world.home.store() / "none.pem"
    error = world.refused(2, "cert", "show", "-t", "ca", "-s", "tests", "none.pem")
    assert error == f"{path} does not exist: see 'notarykit certificate list'"
    for name in ("../tests/both.pem", "..", ""):
        error = world.refused(2, "cert", "show", "-t", "ca", "-s", "tests", name)
        assert error == f"{name!r} is not a file name in a trust store: see 'notarykit certificate list'"


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "YES\n", " y "])
def test_delete_after_confirmation(world: World, answer: str) -> None:
    """One file goes after a question, and only that one."""
    world.did("cert", "add", *STORE, _root(world), _root(world, "second.pem"))
    text = world.did("cert", "delete", *STORE, "root.crt", stdin=answer)
    assert text == (
        "Are you sure you want to delete 'root.crt' in 'acme' of type 'ca'? [y/N] "
        "Successfully deleted root.crt from the trust store.\n"
    )
    assert [each.name for each in world.home.store("acme").iterdir()] == ["second.pem"]


@pytest.mark.parametrize("answer", ["n\n", "\n", "yess\n", "no\ny\n"])
def test_nothing_is_deleted_without_confirmation(world: World, answer: str) -> None:
    """Anything but yes leaves everything as it is."""
    world.did("cert", "add", *STORE, _root(world))
    for what in ("root.crt", "--all"):
        done = world.run("cert", "delete", *STORE, what, stdin=answer)
        assert (done.code, done.err) == (0, "")
        assert "Successfully" not in done.out
    assert (world.home.store("acme") / "root.crt").exists()


def test_delete_all_removes_the_store(world: World) -> None:
    """A whole store goes with its folder, and a folder inside of it stops that."""
    world.did("cert", "add", *STORE, _root(world), _root(world, "second.pem"))
    (world.home.store("acme") / "inner").mkdir()
    error = world.refused(3, "cert", "delete", "--yes", *STORE, "--all")
    assert error == f"{world.home.store('acme')}/inner is a folder"
    (world.home.store("acme") / "inner").rmdir()
    text = world.did("cert", "delete", *STORE, "--all", "-y")
    assert text == f"Successfully deleted {world.home.store('acme')}\n"
    assert not world.home.store("acme").exists()
    error = world.refused(2, "cert", "delete", *STORE, "--all")
    assert error == "named store acme of type ca does not exist or is empty"


def test_malformed_deletes_are_refused(world: World) -> None:
    """A file that is not there, no name, or a name besides `--all` is refused before any question."""
    assert world.refused(2, "cert", "delete", *STORE, "x.pem").startswith("x.pem is not in ca:acme: ")
    assert world.refused(2, "cert", "delete", *STORE) == "missing certificate file name: give one, or --all"
    assert world.refused(2, "cert", "delete", *STORE, "--all", "x") == "--all and a file name exclude each other"
    assert world.refused(2, "cert", "delete", *STORE, "../tests/root0.pem").startswith(
        "'../tests/root0.pem' is not a file"
    )


def test_generated_key_signs_and_is_cleaned_up(world: World) -> None:
    """A test key signs and is trusted at once, and cleaning up leaves nothing of it."""
    before = {each for each in world.home.folder.rglob("*") if each.is_file()}
    text = world.did("cert", "generate-test", "wabbit", "-b=3072")
    assert "wabbit: added to the key list\n" in text
    assert "default" not in text
    folder = world.home.folder / "localkeys"
    certificate = x509.load_pem_x509_certificate((folder / "wabbit.crt").read_bytes())
    public_key = certificate.public_key()
    assert isinstance(public_key, RSAPublicKey)
    assert public_key.key_size == 3072
    assert (folder / "wabbit.key").stat().st_mode & 0o777 == 0o600
    world.home.set_policy(policy_document(["x509.subject: C=US, ST=WA, O=Notary, CN=wabbit"], ["ca:wabbit"]))
    world.sign("--key", "wabbit")
    world.verify()
    done = world.did("cert", "cleanup-test", "wabbit", stdin="y\n")
    assert done.endswith("Cleanup completed successfully.\n")
    assert done.count("Successfully") == 4
    after = {each for each in world.home.folder.rglob("*") if each.is_file()}
    assert after == before
    assert "wabbit" not in world.did("key", "list")


def test_generated_key_becomes_the_default(world: World) -> None:
    """With `--default` the key is the default, and a name that is taken is refused."""
    world.did("cert", "generate-test", "--default", "wabbit")
    assert "* wabbit" in world.did("key", "list")
    error = world.refused(4, "cert", "generate-test", "wabbit")
    assert error == "signing key with name 'wabbit' already exists: see 'notarykit certificate cleanup-test wabbit'"
    world.did("key", "delete", "wabbit")
    error = world.refused(4, "cert", "generate-test", "wabbit")
    assert error.startswith(f"{world.home.folder}/localkeys/wabbit.key already exists: ")


def test_malformed_bits_and_names_are_refused(world: World) -> None:
    """A length that cannot sign and a name that is no name are refused."""
    error = world.refused(2, "cert", "generate-test", "--bits", "1024", "wabbit")
    assert error == "RSA keys of 1024 bits are not supported: use 2048, 3072, 4096"
    for name in ("a/b", "..", "a b", ""):
        error = world.refused(2, "cert", "generate-test", name)
        assert error == f"name {name!r} must be of letters, digits, '_', '.' and '-'"


def test_cleanup_requires_confirmation(world: World) -> None:
    """Without confirmation nothing is removed; `--yes` skips the prompt, and missing files are reported."""
    world.did("cert", "generate-test", "wabbit")
    world.did("cert", "cleanup-test", "wabbit", stdin="n\n")
    assert (world.home.folder / "localkeys" / "wabbit.key").exists()
    (world.home.store("wabbit") / "wabbit.crt").unlink()
    text = world.did("cert", "cleanup-test", "--yes", "wabbit")
    assert "Certificate wabbit.crt does not exist in trust store wabbit of type ca.\n" in text
    assert text.count("Successfully") == 3


def test_cleanup_keeps_other_keys(world: World) -> None:
    """A key of the same name that did not come from `generate-test` stays on the list."""
    text = world.did("cert", "cleanup-test", "-y", "build")
    assert "Key build does not exist in the key list.\n" in text
    assert "* build" in world.did("key", "list")
