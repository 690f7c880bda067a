"""`certificate issue`: certificates by a CA key of any provider, and their validity."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.cli.key_certificates import (
    CA_SUBJECT,
    SUBJECT,
    list_plugin_key,
    read_chain,
    write_request,
)
from tests.cli.world import World
from tests.support.ca import Changes, key_usage, make_chain, pem_of
from tests.support.openssl import verify


def test_ca_certificate_on_the_list_need_not_be_named(world: World, ca: str) -> None:
    """Once a CA's certificate is with the CA's key on the list, it need not be named."""
    write_request(world)
    assert "name its file with --ca-cert" in world.refused(2, "cert", "issue", "--key", "ca", "a.csr")
    document = json.loads(world.home.keys_file.read_bytes())
    for entry in document["keys"]:
        if entry["name"] == "ca":
            entry["pluginConfig"] = {"certificate_chain": ca}
    world.home.keys_file.write_text(json.dumps(document))
    assert len(x509.load_pem_x509_certificates(world.did("cert", "issue", "--key", "ca", "a.csr").encode())) == 2


def test_intermediate_ca_issues_the_whole_chain(world: World, tmp_path: Path) -> None:
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
    world.did("cert", "issue", "--key", "ca", "-o", "a.pem", write_request(world))
    made, *above = read_chain("a.pem")
    assert tuple(above) == authority.certificates[1:]
    verify(tmp_path, made, *above, strict=False)
    world.did("cert", "lint", "a.pem")


def test_ca_chain_without_root_is_refused(world: World, tmp_path: Path) -> None:
    """A chain that does not reach a root is not written."""
    authority = make_chain(length=3)
    (tmp_path / "ca.key").touch(mode=0o600)
    (tmp_path / "ca.key").write_bytes(pem_of(authority.keys[1]))
    (tmp_path / "ca.pem").write_bytes(authority.pems[1])
    named = ("--plugin", "local-file", "--id", str(tmp_path / "ca.key"), "--ca-cert", "ca.pem")
    error = world.refused(4, "cert", "issue", *named, "-o", "a.pem", write_request(world))
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
def test_issuer_that_is_no_ca_is_refused(world: World, changes: Changes, tmp_path: Path) -> None:
    """A certificate that is no CA's issues nothing, and nothing is written."""
    authority = make_chain(length=2, cas={1: changes})
    (tmp_path / "ca.key").touch(mode=0o600)
    (tmp_path / "ca.key").write_bytes(pem_of(authority.keys[1]))
    (tmp_path / "ca.pem").write_bytes(authority.pems[1])
    named = ("--plugin", "local-file", "--id", str(tmp_path / "ca.key"), "--ca-cert", "ca.pem")
    error = world.refused(4, "cert", "issue", *named, "-o", "a.pem", write_request(world))
    assert "CN=Root CA" in error
    assert not Path("a.pem").exists()


def test_ca_certificate_of_another_key_is_refused(world: World) -> None:
    """A CA key issues with its own certificate only."""
    error = world.refused(4, "cert", "issue", "--key", "build", "--ca-cert", _root(world), write_request(world))
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
def test_file_without_request_is_named(world: World, ca: str, content: bytes | None, problem: str) -> None:
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
def test_request_with_invalid_signature_is_refused(world: World, ca: str, old: bytes, new: bytes) -> None:
    """A request that does not hold, or cannot be read, ends with 4 and writes nothing."""
    made = x509.load_pem_x509_csr(world.did("cert", "request", "--subject", SUBJECT).encode())
    der = made.public_bytes(Encoding.DER)
    assert old in der
    body = base64.encodebytes(der.replace(old, new)).decode()
    Path("a.csr").write_text(f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n")
    world.refused(4, "cert", "issue", "--key", "ca", "--ca-cert", ca, "-o", "a.pem", "a.csr")
    assert not Path("a.pem").exists()


@pytest.mark.parametrize(
    ("flags", "validity"), [((), timedelta(days=90)), (("--validity", "36h"), timedelta(hours=36))]
)
def test_validity_is_ninety_days_unless_set(world: World, ca: str, flags: tuple[str, ...], validity: timedelta) -> None:
    """A certificate is valid from now on for ninety days, or for --validity."""
    Path("a.csr").write_text(world.did("cert", "request", "--subject", SUBJECT))
    before = datetime.now(UTC).replace(microsecond=0)
    texts = [world.did("cert", "generate", "--subject", SUBJECT, *flags)]
    texts.append(world.did("cert", "issue", "--key", "ca", "--ca-cert", ca, *flags, "a.csr"))
    for text in texts:
        made = x509.load_pem_x509_certificate(text.encode())
        assert before <= made.not_valid_before_utc <= datetime.now(UTC)
        assert made.not_valid_after_utc - made.not_valid_before_utc == validity


def test_default_validities_of_ca_and_leaf_fit(world: World) -> None:
    """A CA with the default validity issues certificates with the default validity."""
    list_plugin_key(world, "ca")
    world.did("cert", "generate", "--key", "ca", "--ca", "--subject", CA_SUBJECT, "-o", "ca.pem")
    write_request(world)
    world.did("cert", "issue", "--key", "ca", "--ca-cert", "ca.pem", "a.csr")


@pytest.mark.parametrize("validity", ["1y", "-1h", "", "1.5", "1000000000h"])
def test_malformed_validity_is_refused(world: World, validity: str) -> None:
    """A text that is no duration ends with 2."""
    assert "--validity" in world.refused(2, "cert", "generate", "--subject", SUBJECT, f"--validity={validity}")


def test_empty_validity_is_refused(world: World) -> None:
    """A validity of zero is refused."""
    error = world.refused(2, "cert", "generate", "--subject", SUBJECT, "--validity", "0s")
    assert error == "--validity must be longer than zero: such as --validity 30d"


def test_validity_may_be_in_days(world: World) -> None:
    """Days are a unit of --validity."""
    world.did("cert", "generate", "--subject", SUBJECT, "--validity", "30d", "-o", "a.pem")
    made = read_chain("a.pem")[0]
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=30)


def test_validity_beyond_the_ca_is_refused(world: World, ca: str) -> None:
    """A certificate that would outlive its CA is refused, with the CA's end and the flag to use."""
    Path("a.csr").write_text(world.did("cert", "request", "--subject", SUBJECT))
    error = world.refused(4, "cert", "issue", "--key", "ca", "--ca-cert", ca, "--validity", "8761h", "a.csr")
    assert "'CN=My CA,O=ACME,ST=WA,C=US'" in error
    assert f"{read_chain(ca)[0].not_valid_after_utc:%Y-%m-%d}" in error
    assert error.endswith("ask for a shorter --validity")
