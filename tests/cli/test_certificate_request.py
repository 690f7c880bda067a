"""`certificate request` and `generate`: certificates for keys that stay in their service."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notarykit.keys.chain import check_chain
from tests.cli.key_certificates import (
    EITHER_HOLDER,
    SUBJECT,
    SUBJECT_RFC4514,
    list_key,
    list_plugin_key,
    read_chain,
    trust_root,
    write_key,
)
from tests.cli.world import World
from tests.support.ca import HASH_OF_SPEC, SPECS, make_chain
from tests.support.executables import add_executable, shell_plugin
from tests.support.openssl import accepts_request, verify

_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"
_RSA_SPECS = [spec for spec in SPECS if spec.startswith("RSA")]


@pytest.mark.parametrize("spec", SPECS)
@EITHER_HOLDER
def test_issued_and_attached_certificate_signs_and_is_trusted(
    world: World, ca: str, spec: str, holder: str, tmp_path: Path
) -> None:
    """A key gets a certificate by request, issue and attach, and then signs and is trusted."""
    list_key(world, holder, "release", spec)
    out = world.did("cert", "request", "--key", "release", "--subject", SUBJECT, "--output", "release.csr")
    assert out == "wrote release.csr\n"
    request = x509.load_pem_x509_csr(Path("release.csr").read_bytes())
    assert request.subject.rfc4514_string() == SUBJECT_RFC4514
    assert accepts_request(tmp_path, request)
    out = world.did("cert", "issue", "-k", "ca", "--ca-cert", ca, "-o", "release.pem", "release.csr")
    assert out == f"wrote release.pem\nissued to {SUBJECT_RFC4514}\n"
    made, root = read_chain("release.pem")
    assert (made.subject, root) == (request.subject, read_chain(ca)[0])
    assert check_chain([each.public_bytes(Encoding.DER) for each in (made, root)]).key_spec.name == spec
    verify(tmp_path, made, root)
    assert world.did("cert", "lint", "release.pem") == "release.pem: no requirement is violated\n"
    out = world.did("cert", "attach", "--key", "release", "release.pem")
    kept = world.home.folder / "localkeys" / "release.chain.pem"
    assert out == f"Attached a chain of 2 to release: {kept}\n"
    trust_root(world, ca)
    world.sign("--key", "release")
    world.verify()


@EITHER_HOLDER
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-521"])
def test_self_signed_certificate_signs_and_is_trusted(world: World, holder: str, spec: str, tmp_path: Path) -> None:
    """A certificate that a key signs for itself is a chain with which it signs and is trusted."""
    list_key(world, holder, "release", spec)
    out = world.did("cert", "generate", "--key", "release", "--subject", SUBJECT, "-o", "own.pem")
    assert out == "wrote own.pem\n"
    (made,) = read_chain("own.pem")
    verify(tmp_path, made)
    world.did("cert", "attach", "--key", "release", "own.pem")
    trust_root(world, "own.pem")
    world.sign("--key", "release")
    world.verify()


@pytest.mark.parametrize("spec", _RSA_SPECS)
def test_rsa_requests_use_pss_for_plugins_and_pkcs1_for_files(world: World, spec: str) -> None:
    """An RSA key at a plugin signs its request with PSS, one in a file with PKCS#1 v1.5."""
    algorithm = HASH_OF_SPEC[spec]
    for holder, wanted in (("local", None), ("plugin", PSS(MGF1(algorithm), algorithm.digest_size))):
        list_key(world, holder, holder, spec)
        for command, load in (("request", x509.load_pem_x509_csr), ("generate", x509.load_pem_x509_certificate)):
            made = load(world.did("cert", command, "--key", holder, "--subject", SUBJECT).encode())
            found = made.signature_algorithm_parameters
            assert found == wanted if wanted else isinstance(found, PKCS1v15)


# What is written where


@pytest.mark.parametrize("command", ["request", "generate"])
def test_pem_alone_goes_to_standard_output(world: World, command: str) -> None:
    """Without a file, PEM goes to standard output, and nothing else does."""
    list_plugin_key(world, "release")
    files = sorted(world.folder.rglob("*"))
    out = world.did("cert", command, "--key", "release", "--subject", SUBJECT)
    assert out.startswith("-----BEGIN CERTIFICATE")
    assert out.endswith("-----\n")
    assert out.count("-----BEGIN") == 1
    assert sorted(world.folder.rglob("*")) == files


def test_issued_chain_goes_to_standard_output(world: World, ca: str) -> None:
    """Without a file, the issued chain goes to standard output."""
    Path("a.csr").write_text(world.did("cert", "request", "--subject", SUBJECT))
    out = world.did("cert", "issue", "--key", "ca", "--ca-cert", ca, "a.csr")
    assert [each.subject.rfc4514_string() for each in x509.load_pem_x509_certificates(out.encode())] == [
        SUBJECT_RFC4514,
        "CN=My CA,O=ACME,ST=WA,C=US",
    ]


def test_existing_output_is_not_overwritten(world: World) -> None:
    """Existing files and absent folders are refused before anything is signed."""
    Path("folder").mkdir()
    for command in ("request", "generate", "issue"):
        subject = ("absent.csr",) if command == "issue" else ("--subject", SUBJECT)
        for there in ("folder", "build.key"):
            Path("build.key").write_text("a key")
            error = world.refused(2, "cert", command, *subject, "-o", there)
            assert error == f"{there} already exists: name another file with --output, or remove this one"
        error = world.refused(2, "cert", command, *subject, "-o", "absent/request.csr")
        assert error == "the directory of absent/request.csr does not exist: check the path"
    assert Path("build.key").read_text() == "a key"


def test_default_key_is_used_without_flags(world: World) -> None:
    """Without --key, the default key of the list is used."""
    made = x509.load_pem_x509_csr(world.did("cert", "request", "--subject", SUBJECT).encode())
    assert made.public_key() == world.chain.leaf_key.public_key()


def test_key_is_selected_by_plugin_and_id(world: World) -> None:
    """A key may be given by plugin and identifier, with plugin configuration."""
    path = write_key(world, "my.key", "EC-384")
    named = ("--plugin", "local-file", "--id", path)
    made = x509.load_pem_x509_csr(world.did("cert", "request", *named, "--subject", SUBJECT).encode())
    assert isinstance(key := made.public_key(), EllipticCurvePublicKey)
    assert key.curve.name == "secp384r1"
    setting = ("--plugin-config", "passphrase_file=absent")
    world.did("cert", "request", *named, *setting, "--subject", SUBJECT)
    error = world.refused(4, "cert", "request", *named, "--plugin-config", "passphrase=x", "--subject", SUBJECT)
    assert "unknown plugin configuration 'passphrase'" in error


def test_passphrase_of_encrypted_key_comes_from_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable and a terminal, or with a wrong passphrase, the error says so."""
    world.home.add_key(make_chain(), "locked", b"secret")
    ask = ("cert", "request", "--key", "locked", "--subject", SUBJECT)
    error = world.refused(4, *ask)
    assert "there is no terminal for a prompt" in error
    monkeypatch.setenv(_VARIABLE, "wrong")
    assert "the passphrase is wrong" in world.refused(4, *ask)
    monkeypatch.setenv(_VARIABLE, "secret")
    assert world.did(*ask).startswith("-----BEGIN CERTIFICATE REQUEST-----\n")


# Subjects


def test_subject_begins_with_the_country(world: World) -> None:
    """A certificate has the country first, as all tools expect, although --subject has it last."""
    made = x509.load_pem_x509_csr(world.did("cert", "request", "--subject", SUBJECT).encode())
    assert [each.oid for each in made.subject] == [
        NameOID.COUNTRY_NAME,
        NameOID.STATE_OR_PROVINCE_NAME,
        NameOID.ORGANIZATION_NAME,
        NameOID.COMMON_NAME,
    ]


@pytest.mark.parametrize(
    ("subject", "missing"),
    [
        ("CN=a", "C"),
        ("CN=a, O=b, ST=c", "C"),
        ("CN=a, O=b, C=US", "ST"),
        ("CN=a, ST=b, C=US", "O"),
        ("O=b, ST=c, C=US", ""),
        ("O=b, S=c, C=US", ""),
    ],
)
@pytest.mark.parametrize("command", ["request", "generate"])
def test_subject_without_identity_attributes_is_warned_of(
    world: World, subject: str, missing: str, command: str
) -> None:
    """A subject without C, ST or O is accepted with a warning that no policy can match it."""
    done = world.run("cert", command, "--subject", subject)
    assert done.code == 0
    assert done.out.startswith("-----BEGIN CERTIFICATE")
    assert done.err == (
        f"Warning: without {missing}, no x509.subject of a trust policy can match this subject\n" if missing else ""
    )


@pytest.mark.parametrize("subject", ["CN", "CN=", "CN=a,", "XX=a", "CN=a+O=b", "CN=a\\x", " "])
@pytest.mark.parametrize("command", ["request", "generate"])
def test_malformed_subject_is_refused_with_an_example(world: World, subject: str, command: str) -> None:
    """A malformed subject ends with 2, the problem and an example."""
    error = world.refused(2, "cert", command, "--subject", subject)
    assert error.startswith("--subject: ")
    assert '"CN=build, O=ACME, ST=WA, C=US"' in error


@pytest.mark.parametrize("command", ["request", "generate"])
@pytest.mark.parametrize("flags", [(), ("--subject", ""), ("--subject=",)])
def test_subject_is_required(world: World, command: str, flags: tuple[str, ...]) -> None:
    """An absent or empty subject is refused."""
    assert world.refused(2, "cert", command, *flags) == 'required flag(s) "subject" not set'


@pytest.mark.parametrize("command", ["request", "generate"])
def test_malformed_country_is_refused(world: World, command: str) -> None:
    """A country code of three letters is refused."""
    error = world.refused(4, "cert", command, "--subject", "CN=a, O=b, ST=c, C=USA")
    assert error.startswith("subject: ")
    assert error.endswith("a country has two letters")


# How a key is named


@pytest.mark.parametrize("command", ["request", "generate", "issue", "attach"])
def test_key_and_plugin_flags_are_mutually_exclusive(world: World, command: str) -> None:
    """A key is selected by its name, or by plugin and identifier together."""
    last = ("--subject", SUBJECT) if command in ("request", "generate") else ("file",)
    if command == "issue":
        Path("file").write_text(world.did("cert", "request", "--subject", SUBJECT))
    for flag in ("--id", "--plugin"):
        assert "exclude each other" in world.refused(2, "cert", command, "--key", "build", flag, "x", *last)
        error = world.refused(2, "cert", command, flag, "x", *last)
        assert error == "flags --id and --plugin belong together: give both, or --key"


@pytest.mark.parametrize("command", ["request", "generate", "attach"])
def test_unknown_key_and_plugin_are_refused(world: World, command: str) -> None:
    """A name that is not on the list, and a plugin that is not installed, end with 4."""
    last = ("--subject", SUBJECT) if command in ("request", "generate") else ("file",)
    error = world.refused(4, "cert", command, "--key", "none", *last)
    assert error == "signing key 'none' is not on the list: see 'notarykit key list'"
    error = world.refused(4, "cert", command, "--plugin", "none", "--id", "x", *last)
    assert error.startswith("plugin 'none' is not installed")
    world.home.keys_file.unlink()
    assert world.refused(4, "cert", command, *last).startswith("there is no signing key yet: add one")


def test_executable_plugin_is_refused_with_an_alternative(world: World) -> None:
    """An executable plugin cannot sign without a certificate; the error names the service's own tools."""
    add_executable(world.home.folder / "plugins", "acme", shell_plugin("acme"))
    error = world.refused(4, "cert", "request", "--plugin", "acme", "--id", "x", "--subject", SUBJECT)
    assert error.startswith("plugin 'acme' is an executable")
    assert "service's own tools" in error


@pytest.mark.parametrize("command", ["issue", "attach", "lint"])
def test_missing_and_surplus_files_are_refused(world: World, command: str) -> None:
    """A command takes exactly one file."""
    assert world.refused(2, "cert", command).startswith("missing ")
    assert "unexpected argument 'b'" in world.refused(2, "cert", command, "a", "b")
