"""`certificate request`, `generate`, `issue`, `attach` and `lint`: certificates for keys that stay where they are."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notarykit.keys.chain import check_chain
from notarykit.keys.issue import issue, make_request
from tests.cli.world import World
from tests.support.ca import HASH_OF_SPEC, SPECS, Changes, TestChain, key_usage, make_chain, name, new_key, pem_of
from tests.support.executables import add_executable, shell_plugin
from tests.support.homes import policy_document
from tests.support.openssl import accepts_request, verify
from tests.support.services import KEY_ID, KeepingPlugin, Service, ServicePlugin

_SUBJECT = "CN=release, O=wabbit-networks.io, ST=WA, C=US"
_CA_SUBJECT = "CN=My CA, O=ACME, ST=WA, C=US"
_IDENTITY = "x509.subject: CN=release, O=wabbit-networks.io, ST=WA, C=US"
_AS_WRITTEN = "CN=release,O=wabbit-networks.io,ST=WA,C=US"
_RSA_SPECS = [spec for spec in SPECS if spec.startswith("RSA")]
_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"


def _key_file(world: World, file: str, spec: str = "EC-256", which: int = 0) -> str:
    path = world.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(pem_of(new_key(spec, which)))
    return str(path)


def _list_local(world: World, key_name: str, spec: str = "EC-256", which: int = 0) -> None:
    """Puts a local key without a certificate on the list, which the list's own command does not do."""
    path = _key_file(world, f"keys/{spec}-{which}.key", spec, which)
    document = json.loads(world.home.keys_file.read_bytes())
    document["keys"].append({"name": key_name, "keyPath": path, "certPath": str(world.folder / "none.pem")})
    world.home.keys_file.write_text(json.dumps(document))


def _list_plugin(world: World, key_name: str, spec: str = "EC-256", which: int = 0) -> None:
    """Puts a key of the plugin `local-file` on the list."""
    path = _key_file(world, f"held/{spec}-{which}.key", spec, which)
    world.did("key", "add", "--plugin", "local-file", "--id", path, key_name)


def _list(world: World, holder: str, key_name: str, spec: str = "EC-256", which: int = 0) -> None:
    (_list_local if holder == "local" else _list_plugin)(world, key_name, spec, which)


def _chain(path: str | Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def _entry(world: World, key_name: str) -> dict[str, object]:
    keys = json.loads(world.home.keys_file.read_bytes())["keys"]
    (found,) = [each for each in keys if each["name"] == key_name]
    assert isinstance(found, dict)
    return found


_HOLDERS = ("local", "plugin")
_EITHER = pytest.mark.parametrize("holder", _HOLDERS)


@pytest.fixture
def ca(world: World) -> str:
    """A CA's root, `ca.pem`, and its key `ca` on the list, which has that certificate."""
    _list_plugin(world, "ca", "EC-384", 1)
    world.did(
        "cert", "generate", "--key", "ca", "--ca", "--validity", "8760h", "--subject", _CA_SUBJECT, "-o", "ca.pem"
    )
    world.did("key", "update", "--default", "build")
    return "ca.pem"


def _trust(world: World, root: str) -> None:
    world.did("cert", "add", "-t", "ca", "-s", "own", root)
    world.home.set_policy(policy_document([_IDENTITY], ["ca:own"]))


# The whole way


@pytest.mark.parametrize("spec", SPECS)
@_EITHER
def test_from_a_key_to_a_signature(world: World, ca: str, spec: str, holder: str, tmp_path: Path) -> None:
    """A key without a certificate asks for one, a CA issues it, it is attached, and the key signs and is trusted."""
    _list(world, holder, "release", spec)
    out = world.did("cert", "request", "--key", "release", "--subject", _SUBJECT, "--output", "release.csr")
    assert out == "wrote release.csr\n"
    request = x509.load_pem_x509_csr(Path("release.csr").read_bytes())
    assert request.subject.rfc4514_string() == _AS_WRITTEN
    assert accepts_request(tmp_path, request)
    out = world.did("cert", "issue", "-k", "ca", "--ca-cert", ca, "-o", "release.pem", "release.csr")
    assert out == f"wrote release.pem\nissued to {_AS_WRITTEN}\n"
    made, root = _chain("release.pem")
    assert (made.subject, root) == (request.subject, _chain(ca)[0])
    assert check_chain([each.public_bytes(Encoding.DER) for each in (made, root)]).key_spec.name == spec
    verify(tmp_path, made, root)
    assert world.did("cert", "lint", "release.pem") == "release.pem: no requirement is violated\n"
    out = world.did("cert", "attach", "--key", "release", "release.pem")
    kept = world.home.folder / "localkeys" / "release.chain.pem"
    assert out == f"Attached a chain of 2 to release: {kept}\n"
    _trust(world, ca)
    world.sign("--key", "release")
    world.verify()


@_EITHER
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-521"])
def test_from_a_key_to_a_signature_of_its_own(world: World, holder: str, spec: str, tmp_path: Path) -> None:
    """A certificate that a key signs for itself is a chain with which it signs and is trusted."""
    _list(world, holder, "release", spec)
    out = world.did("cert", "generate", "--key", "release", "--subject", _SUBJECT, "-o", "own.pem")
    assert out == "wrote own.pem\n"
    (made,) = _chain("own.pem")
    verify(tmp_path, made)
    world.did("cert", "attach", "--key", "release", "own.pem")
    _trust(world, "own.pem")
    world.sign("--key", "release")
    world.verify()


@pytest.mark.parametrize("spec", _RSA_SPECS)
def test_the_paddings(world: World, spec: str) -> None:
    """An RSA key at a plugin signs its request with PSS, one in a file with PKCS#1 v1.5."""
    algorithm = HASH_OF_SPEC[spec]
    for holder, wanted in (("local", None), ("plugin", PSS(MGF1(algorithm), algorithm.digest_size))):
        _list(world, holder, holder, spec)
        for command, load in (("request", x509.load_pem_x509_csr), ("generate", x509.load_pem_x509_certificate)):
            made = load(world.did("cert", command, "--key", holder, "--subject", _SUBJECT).encode())
            found = made.signature_algorithm_parameters
            assert found == wanted if wanted else isinstance(found, PKCS1v15)


# What is written where


@pytest.mark.parametrize("command", ["request", "generate"])
def test_standard_output(world: World, command: str) -> None:
    """Without a file, PEM goes to standard output, and nothing else does."""
    _list_plugin(world, "release")
    files = sorted(world.folder.rglob("*"))
    out = world.did("cert", command, "--key", "release", "--subject", _SUBJECT)
    assert out.startswith("-----BEGIN CERTIFICATE")
    assert out.endswith("-----\n")
    assert out.count("-----BEGIN") == 1
    assert sorted(world.folder.rglob("*")) == files


def test_issuing_to_standard_output(world: World, ca: str) -> None:
    """So does an issued chain."""
    Path("a.csr").write_text(world.did("cert", "request", "--subject", _SUBJECT))
    out = world.did("cert", "issue", "--key", "ca", "--ca-cert", ca, "a.csr")
    assert [each.subject.rfc4514_string() for each in x509.load_pem_x509_certificates(out.encode())] == [
        _AS_WRITTEN,
        "CN=My CA,O=ACME,ST=WA,C=US",
    ]


def test_a_file_that_cannot_be_written(world: World) -> None:
    """Nothing is written over, and a folder that is not there is found out before anything is signed."""
    Path("folder").mkdir()
    for command in ("request", "generate", "issue"):
        subject = ("absent.csr",) if command == "issue" else ("--subject", _SUBJECT)
        for there in ("folder", "build.key"):
            Path("build.key").write_text("a key")
            error = world.refused(2, "cert", command, *subject, "-o", there)
            assert error == f"{there} already exists: name another file with --output, or remove this one"
        error = world.refused(2, "cert", command, *subject, "-o", "absent/request.csr")
        assert error == "the directory of absent/request.csr does not exist: check the path"
    assert Path("build.key").read_text() == "a key"


def test_the_default_key(world: World) -> None:
    """Without a key, the default one of the list is meant."""
    made = x509.load_pem_x509_csr(world.did("cert", "request", "--subject", _SUBJECT).encode())
    assert made.public_key() == world.chain.leaf_key.public_key()


def test_a_key_that_is_not_on_the_list(world: World) -> None:
    """A key can be named by its plugin and identifier, with settings."""
    path = _key_file(world, "my.key", "EC-384")
    named = ("--plugin", "local-file", "--id", path)
    made = x509.load_pem_x509_csr(world.did("cert", "request", *named, "--subject", _SUBJECT).encode())
    assert isinstance(key := made.public_key(), EllipticCurvePublicKey)
    assert key.curve.name == "secp384r1"
    setting = ("--plugin-config", "passphrase_file=absent")
    world.did("cert", "request", *named, *setting, "--subject", _SUBJECT)
    error = world.refused(4, "cert", "request", *named, "--plugin-config", "passphrase=x", "--subject", _SUBJECT)
    assert "unknown plugin configuration 'passphrase'" in error


def test_an_encrypted_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local key's passphrase comes from the environment; without it, and without a terminal, that is said."""
    world.home.add_key(make_chain(), "locked", b"secret")
    ask = ("cert", "request", "--key", "locked", "--subject", _SUBJECT)
    error = world.refused(4, *ask)
    assert "there is no terminal for a prompt" in error
    monkeypatch.setenv(_VARIABLE, "wrong")
    assert "the passphrase is wrong" in world.refused(4, *ask)
    monkeypatch.setenv(_VARIABLE, "secret")
    assert world.did(*ask).startswith("-----BEGIN CERTIFICATE REQUEST-----\n")


# Subjects


def test_the_order_of_the_subject(world: World) -> None:
    """A certificate has the country first, as all tools expect, though the text has it last."""
    made = x509.load_pem_x509_csr(world.did("cert", "request", "--subject", _SUBJECT).encode())
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
def test_subjects_that_no_policy_can_name(world: World, subject: str, missing: str, command: str) -> None:
    """A subject without one of C, ST and O is made, with a warning of what it is good for."""
    done = world.run("cert", command, "--subject", subject)
    assert done.code == 0
    assert done.out.startswith("-----BEGIN CERTIFICATE")
    assert done.err == (
        f"Warning: without {missing}, no x509.subject of a trust policy can match this subject\n" if missing else ""
    )


@pytest.mark.parametrize("subject", ["CN", "CN=", "CN=a,", "XX=a", "CN=a+O=b", "CN=a\\x", " "])
@pytest.mark.parametrize("command", ["request", "generate"])
def test_texts_that_are_no_subject(world: World, subject: str, command: str) -> None:
    """A text that is no subject ends with 2, what is wrong with it, and an example."""
    error = world.refused(2, "cert", command, "--subject", subject)
    assert error.startswith("--subject: ")
    assert '"CN=build, O=ACME, ST=WA, C=US"' in error


@pytest.mark.parametrize("command", ["request", "generate"])
@pytest.mark.parametrize("flags", [(), ("--subject", ""), ("--subject=",)])
def test_no_subject(world: World, command: str, flags: tuple[str, ...]) -> None:
    """A subject has to be given."""
    assert world.refused(2, "cert", command, *flags) == 'required flag(s) "subject" not set'


@pytest.mark.parametrize("command", ["request", "generate"])
def test_a_country_of_three_letters(world: World, command: str) -> None:
    """A country that is none is refused with what one is."""
    error = world.refused(4, "cert", command, "--subject", "CN=a, O=b, ST=c, C=USA")
    assert error.startswith("subject: ")
    assert error.endswith("a country has two letters")


# How a key is named


@pytest.mark.parametrize("command", ["request", "generate", "issue", "attach"])
def test_flags_that_exclude_each_other(world: World, command: str) -> None:
    """A key is named by its name, or by its plugin and identifier, and not by half of that."""
    last = ("--subject", _SUBJECT) if command in ("request", "generate") else ("file",)
    if command == "issue":
        Path("file").write_text(world.did("cert", "request", "--subject", _SUBJECT))
    for flag in ("--id", "--plugin"):
        assert "exclude each other" in world.refused(2, "cert", command, "--key", "build", flag, "x", *last)
        error = world.refused(2, "cert", command, flag, "x", *last)
        assert error == "flags --id and --plugin belong together: give both, or --key"


@pytest.mark.parametrize("command", ["request", "generate", "attach"])
def test_keys_that_are_not_there(world: World, command: str) -> None:
    """A name that is not on the list, and a plugin that is not installed, end with 4."""
    last = ("--subject", _SUBJECT) if command in ("request", "generate") else ("file",)
    error = world.refused(4, "cert", command, "--key", "none", *last)
    assert error == "signing key 'none' is not on the list: see 'notarykit key list'"
    error = world.refused(4, "cert", command, "--plugin", "none", "--id", "x", *last)
    assert error.startswith("plugin 'none' is not installed")
    world.home.keys_file.unlink()
    assert world.refused(4, "cert", command, *last).startswith("no default signing key is set")


def test_an_executable_plugin(world: World) -> None:
    """An executable plugin cannot sign for a key without a certificate, and the line says what can."""
    add_executable(world.home.folder / "plugins", "acme", shell_plugin("acme"))
    error = world.refused(4, "cert", "request", "--plugin", "acme", "--id", "x", "--subject", _SUBJECT)
    assert error.startswith("plugin 'acme' is an executable")
    assert "service's own tools" in error


@pytest.mark.parametrize("command", ["issue", "attach", "lint"])
def test_a_missing_argument(world: World, command: str) -> None:
    """A command that needs a file says so."""
    assert world.refused(2, "cert", command).startswith("missing ")
    assert "unexpected argument 'b'" in world.refused(2, "cert", command, "a", "b")


# Validity


@pytest.mark.parametrize(
    ("flags", "validity"), [((), timedelta(days=90)), (("--validity", "36h"), timedelta(hours=36))]
)
def test_the_validity(world: World, ca: str, flags: tuple[str, ...], validity: timedelta) -> None:
    """A certificate is valid from now on for ninety days, or as long as is asked for."""
    Path("a.csr").write_text(world.did("cert", "request", "--subject", _SUBJECT))
    before = datetime.now(UTC).replace(microsecond=0)
    texts = [world.did("cert", "generate", "--subject", _SUBJECT, *flags)]
    texts.append(world.did("cert", "issue", "--key", "ca", "--ca-cert", ca, *flags, "a.csr"))
    for text in texts:
        made = x509.load_pem_x509_certificate(text.encode())
        assert before <= made.not_valid_before_utc <= datetime.now(UTC)
        assert made.not_valid_after_utc - made.not_valid_before_utc == validity


def test_a_ca_and_what_it_issues(world: World) -> None:
    """A CA that was made without a word about validity can issue without a word about it."""
    _list_plugin(world, "ca")
    world.did("cert", "generate", "--key", "ca", "--ca", "--subject", _CA_SUBJECT, "-o", "ca.pem")
    _ask(world)
    world.did("cert", "issue", "--key", "ca", "--ca-cert", "ca.pem", "a.csr")


@pytest.mark.parametrize("validity", ["1y", "-1h", "", "1.5", "1000000000h"])
def test_validities_that_are_none(world: World, validity: str) -> None:
    """What is no duration ends with 2."""
    assert "--validity" in world.refused(2, "cert", "generate", "--subject", _SUBJECT, f"--validity={validity}")


def test_no_validity(world: World) -> None:
    """A certificate that ends when it begins is not made."""
    error = world.refused(2, "cert", "generate", "--subject", _SUBJECT, "--validity", "0s")
    assert error == "--validity must be longer than zero: such as --validity 30d"


def test_a_validity_in_days(world: World) -> None:
    """How long a certificate is valid may be said in days."""
    world.did("cert", "generate", "--subject", _SUBJECT, "--validity", "30d", "-o", "a.pem")
    made = _chain("a.pem")[0]
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=30)


def test_a_ca_that_ends_earlier(world: World, ca: str) -> None:
    """A certificate that would outlive its CA is refused, with the CA's end and the flag to use."""
    Path("a.csr").write_text(world.did("cert", "request", "--subject", _SUBJECT))
    error = world.refused(4, "cert", "issue", "--key", "ca", "--ca-cert", ca, "--validity", "8761h", "a.csr")
    assert "'CN=My CA,O=ACME,ST=WA,C=US'" in error
    assert f"{_chain(ca)[0].not_valid_after_utc:%Y-%m-%d}" in error
    assert error.endswith("ask for a shorter --validity")


# Issuing


def _ask(world: World, path: str = "a.csr") -> str:
    Path(path).write_text(world.did("cert", "request", "--subject", _SUBJECT))
    return path


def test_a_ca_whose_certificate_is_known(world: World, ca: str) -> None:
    """Once a CA's certificate is with the CA's key on the list, it need not be named."""
    _ask(world)
    assert "name its file with --ca-cert" in world.refused(2, "cert", "issue", "--key", "ca", "a.csr")
    document = json.loads(world.home.keys_file.read_bytes())
    for entry in document["keys"]:
        if entry["name"] == "ca":
            entry["pluginConfig"] = {"certificate_chain": ca}
    world.home.keys_file.write_text(json.dumps(document))
    assert len(x509.load_pem_x509_certificates(world.did("cert", "issue", "--key", "ca", "a.csr").encode())) == 2


def test_a_local_ca_of_two_levels(world: World, tmp_path: Path) -> None:
    """A CA in local files, with its own CA above it, issues the whole chain."""
    no_more = Changes(put=((x509.BasicConstraints(ca=True, path_length=0), True),))
    authority = make_chain(length=3, ca_kind="RSA-2048", cas={1: no_more})
    (tmp_path / "ca.key").touch(mode=0o600)
    (tmp_path / "ca.key").write_bytes(pem_of(authority.keys[1]))
    (tmp_path / "ca.chain.pem").write_bytes(b"".join(authority.pems[1:]))
    entry = {"name": "ca", "keyPath": str(tmp_path / "ca.key"), "certPath": str(tmp_path / "ca.chain.pem")}
    document = json.loads(world.home.keys_file.read_bytes())
    document["keys"].append(entry)
    world.home.keys_file.write_text(json.dumps(document))
    world.did("cert", "issue", "--key", "ca", "-o", "a.pem", _ask(world))
    made, *above = _chain("a.pem")
    assert tuple(above) == authority.certificates[1:]
    verify(tmp_path, made, *above, strict=False)
    world.did("cert", "lint", "a.pem")


def test_a_ca_that_is_not_complete(world: World, tmp_path: Path) -> None:
    """Without the CA's own CA, no chain is issued that nobody would accept."""
    authority = make_chain(length=3)
    (tmp_path / "ca.key").touch(mode=0o600)
    (tmp_path / "ca.key").write_bytes(pem_of(authority.keys[1]))
    (tmp_path / "ca.pem").write_bytes(authority.pems[1])
    named = ("--plugin", "local-file", "--id", str(tmp_path / "ca.key"), "--ca-cert", "ca.pem")
    error = world.refused(4, "cert", "issue", *named, "-o", "a.pem", _ask(world))
    assert "up to the root" in error
    assert not Path("a.pem").exists()


@pytest.mark.parametrize(
    "changes",
    [
        Changes(put=((x509.BasicConstraints(ca=False, path_length=None), True),)),
        Changes(without=(x509.BasicConstraints,)),
        Changes(put=((key_usage("digital_signature"), True),)),
        Changes(without=(x509.KeyUsage,)),
    ],
)
def test_a_ca_that_may_not_sign(world: World, changes: Changes, tmp_path: Path) -> None:
    """A certificate that is no CA's issues nothing, and nothing is written."""
    authority = make_chain(length=2, cas={1: changes})
    (tmp_path / "ca.key").touch(mode=0o600)
    (tmp_path / "ca.key").write_bytes(pem_of(authority.keys[1]))
    (tmp_path / "ca.pem").write_bytes(authority.pems[1])
    named = ("--plugin", "local-file", "--id", str(tmp_path / "ca.key"), "--ca-cert", "ca.pem")
    error = world.refused(4, "cert", "issue", *named, "-o", "a.pem", _ask(world))
    assert "CN=Root CA" in error
    assert not Path("a.pem").exists()


def test_a_ca_certificate_of_another_key(world: World) -> None:
    """A CA key issues in the name of its own certificate alone."""
    error = world.refused(4, "cert", "issue", "--key", "build", "--ca-cert", _root(world), _ask(world))
    assert "is not of the CA key" in error


def _root(world: World) -> str:
    Path("other.pem").write_bytes(make_chain().pems[-1])
    return "other.pem"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "request a.csr does not exist"),
        (b"", "a.csr is not a certificate request in PEM"),
        (b"hello", "a.csr is not a certificate request in PEM"),
        (make_chain().pems[0], "a.csr is not a certificate request in PEM"),
    ],
)
def test_what_is_no_request(world: World, ca: str, content: bytes | None, problem: str) -> None:
    """A file without a request is named, and ends with 4."""
    if content is not None:
        Path("a.csr").write_bytes(content)
    assert world.refused(4, "cert", "issue", "--key", "ca", "--ca-cert", ca, "a.csr").startswith(problem)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x0c\x07release", b"\x0c\x07somebod"),
        (bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),
        (b"\x13\x02US", b"\x13\x02\xff\xff"),
    ],
)
def test_a_request_that_was_tampered_with(world: World, ca: str, old: bytes, new: bytes) -> None:
    """A request that does not hold, or cannot be read, ends with 4 and writes nothing."""
    made = x509.load_pem_x509_csr(world.did("cert", "request", "--subject", _SUBJECT).encode())
    der = made.public_bytes(Encoding.DER)
    assert old in der
    body = base64.encodebytes(der.replace(old, new)).decode()
    Path("a.csr").write_text(f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n")
    world.refused(4, "cert", "issue", "--key", "ca", "--ca-cert", ca, "-o", "a.pem", "a.csr")
    assert not Path("a.pem").exists()


# Attaching


def _issued(world: World, key: object, path: str = "chain.pem", *, authority: TestChain | None = None) -> str:
    """A chain for a key of the test's, in reverse and with a stranger among it."""
    authority = authority or make_chain(length=3)
    now = datetime.now(UTC).replace(microsecond=0)
    made = issue(make_request(key, name("release")), authority.keys[1], authority.certificates[1], now, timedelta(1))
    parts = [*reversed(authority.pems[1:]), make_chain(length=1).pems[0], made.public_bytes(Encoding.PEM)]
    Path(path).write_bytes(b"".join(parts))
    return path


def test_a_chain_in_any_order(world: World) -> None:
    """What is attached is the chain in its order, without what does not belong to it."""
    out = world.did("cert", "attach", _issued(world, world.chain.leaf_key))
    path = world.home.folder / "localkeys" / "build.chain.pem"
    assert out == f"Attached a chain of 3 to build: {path}\n"
    assert [each.subject.rfc4514_string().partition(",")[0] for each in _chain(path)] == [
        "CN=release",
        "CN=Intermediate CA 1",
        "CN=Root CA",
    ]
    assert _entry(world, "build")["certPath"] == str(path)
    world.sign()


@pytest.mark.parametrize("key_name", ["team/release", "../up", "a b", "Grüße"])
@_EITHER
def test_names_that_are_no_file_names(world: World, key_name: str, holder: str) -> None:
    """Whatever a key is called, its chain is in the folder of keys, and the key signs with it."""
    _list(world, holder, key_name)
    text = world.did("cert", "generate", "--key", key_name, "--subject", _SUBJECT)
    Path("own.pem").write_text(text)
    world.did("cert", "attach", "--key", key_name, "own.pem")
    (kept,) = (world.home.folder / "localkeys").iterdir()
    assert kept.read_text() == text
    world.sign("--key", key_name)


@pytest.mark.parametrize("content", [None, b"", b"hello", make_chain().chain_pem, make_chain().pems[-1], b"-----BEGIN"])
@_EITHER
def test_a_chain_that_is_not_the_keys(world: World, content: bytes | None, holder: str) -> None:
    """What is no chain, or another key's, is refused with 4, and everything stays as it was."""
    _list(world, holder, "release")
    before = sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()
    if content is not None:
        Path("chain.pem").write_bytes(content)
    world.refused(4, "cert", "attach", "--key", "release", "chain.pem")
    assert (sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()) == before


@pytest.mark.parametrize("which", ["incomplete", "broken"])
def test_a_chain_that_nobody_would_accept(world: World, which: str) -> None:
    """A chain with a gap, or that breaks a rule, is refused, and the old one stays."""
    before = sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()
    not_critical = ((key_usage("digital_signature"), False),) if which == "broken" else ()
    changes = Changes(key=world.chain.leaf_key, put=not_critical)
    chain = make_chain(leaf=changes)
    Path("chain.pem").write_bytes(chain.chain_pem if which == "broken" else chain.pems[0] + chain.pems[2])
    error = world.refused(4, "cert", "attach", "chain.pem")
    assert ("keyUsage is not marked critical" if which == "broken" else "is missing") in error
    assert (sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()) == before
    world.sign()


def test_a_service_that_keeps_the_chain(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a service keeps chains, it gets this one, the key signs with it, and no file is written."""
    service = Service(new_key("EC-384"))
    plugin = KeepingPlugin(service)
    monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)
    named = ("--plugin", "pretended", "--id", KEY_ID)
    Path("own.pem").write_text(world.did("cert", "generate", *named, "--subject", _SUBJECT))
    before = sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()
    out = world.did("cert", "attach", *named, "own.pem")
    assert out == f"Attached a chain of 1 to {KEY_ID}: pretended: {KEY_ID}/1\n"
    assert service.kept == {f"{KEY_ID}/1": (_chain("own.pem")[0].public_bytes(Encoding.DER),)}
    assert (sorted(world.home.folder.rglob("*")), world.home.keys_file.read_bytes()) == before
    _trust(world, "own.pem")
    world.sign(*named)
    world.verify()


def test_a_service_that_keeps_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it keeps none, a key that is not on the list has no place for a chain, and the line says what else."""
    plugin = ServicePlugin(Service(new_key("EC-384")))
    monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)
    named = ("--plugin", "pretended", "--id", KEY_ID)
    Path("own.pem").write_text(world.did("cert", "generate", *named, "--subject", _SUBJECT))
    error = world.refused(4, "cert", "attach", *named, "own.pem")
    assert error.startswith("plugin 'pretended' keeps no certificates")
    assert "notarykit key add" in error
    assert "certificate_chain=FILE" in error
    setting = ("--plugin-config", "certificate_chain=own.pem")
    _trust(world, "own.pem")
    world.sign(*named, *setting)
    world.verify()


# The lint


def _lint(world: World, content: bytes, *flags: str) -> tuple[int, list[str]]:
    Path("chain.pem").write_bytes(content)
    done = world.run("cert", "lint", *flags, "chain.pem")
    return done.code, done.out.splitlines()


def test_a_lint_without_findings(world: World) -> None:
    """A chain that keeps every requirement ends with 0 and one line, and so does a CA's certificate alone."""
    for content in (world.chain.chain_pem, b"".join(world.chain.ders), world.chain.pems[1], world.chain.pems[2]):
        assert _lint(world, content) == (0, ["chain.pem: no requirement is violated"])


def test_a_lint_of_a_certificate_that_signs_nothing(world: World) -> None:
    """That a lone CA's certificate was not judged as a signer's is said beside the result."""
    for content, says_so in ((world.chain.pems[1], True), (world.chain.pems[0], False), (world.chain.chain_pem, False)):
        Path("chain.pem").write_bytes(content)
        done = world.run("cert", "lint", "chain.pem")
        assert ("which cannot sign artifacts" in done.err) is says_so


def test_a_lint_with_findings(world: World) -> None:
    """Every requirement that is broken is a line with the certificate, field, problem and fix; it ends with 4."""
    leaf = Changes(kind="EC-224", put=((key_usage("digital_signature", "crl_sign"), False),))
    chain = make_chain(leaf=leaf, cas={2: Changes(kind="EC-192")})
    code, lines = _lint(world, chain.chain_pem)
    assert code == 4
    assert lines[0].split() == ["CERTIFICATE", "FIELD", "PROBLEM", "FIX"]
    columns = [lines[0].index(title) for title in ("FIELD", "PROBLEM", "FIX")]
    rows = [(line[: columns[0]].strip(), line[columns[0] : columns[1]].strip()) for line in lines[1:]]
    leaf_name, root_name = (chain.subjects[place].rfc4514_string() for place in (0, 2))
    assert sorted(rows) == sorted([
        (leaf_name, "keyUsage"), (leaf_name, "keyUsage"), (leaf_name, "subjectPublicKey"),
        (root_name, "subjectPublicKey"),
    ])  # fmt: skip
    for line in lines[1:]:
        assert line[columns[1] : columns[2]].strip()
        assert line[columns[2] :].strip()


def test_purposes(world: World) -> None:
    """A chain is judged for code signing, or for timestamping when that is asked for."""
    stamping = make_chain(purpose="timestamping").chain_pem
    assert _lint(world, stamping, "--purpose", "timestamping")[0] == 0
    code, lines = _lint(world, stamping)
    assert (code, len(lines)) == (4, 2)
    assert "timeStamping" in lines[1]
    assert _lint(world, world.chain.chain_pem, "--purpose=code-signing")[0] == 0
    assert _lint(world, world.chain.chain_pem, "--purpose=timestamping")[0] == 4
    error = world.refused(2, "cert", "lint", "--purpose", "both", "chain.pem")
    assert error == "unrecognized value 'both' of --purpose: use code-signing or timestamping"


@pytest.mark.parametrize("place", [1, 2])
def test_a_ca_key_that_nobody_can_read(world: World, place: int) -> None:
    """A certificate whose key is of an unknown kind is a finding and no crash."""
    swap = ((bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),)
    code, lines = _lint(world, make_chain(cas={place: Changes(swap=swap)}).chain_pem)
    assert code == 4
    assert any("subjectPublicKey" in line for line in lines)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "certificate chain.pem does not exist"),
        (b"hello", "chain.pem is neither PEM nor DER of certificates"),
        (b"", "chain.pem holds no certificate"),
        (pem_of(new_key("EC-256")), "chain.pem holds no certificate"),
        (make_chain().pems[0][:-40], "chain.pem has a damaged certificate in PEM"),
    ],
)
def test_files_without_certificates(world: World, content: bytes | None, problem: str) -> None:
    """A file in which there is nothing to judge is an error with the file's name."""
    if content is not None:
        Path("chain.pem").write_bytes(content)
    assert world.refused(4, "cert", "lint", "chain.pem").startswith(problem)


def test_names_that_a_terminal_would_act_on(world: World) -> None:
    """What others wrote into a certificate is shown, never obeyed."""
    chain = make_chain(length=1, subject=name("red \x1b[31m\u202e"), leaf=Changes(kind="EC-224"))
    code, lines = _lint(world, chain.chain_pem)
    assert code == 4
    assert len(lines) == 2
    assert "\x1b" not in lines[1]
    assert "\u202e" not in lines[1]
