"""The tokens that tests make: other programs accept the good ones, and the bad ones are bad as they are told to be."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc3161_client
from asn1crypto import cms, core, tsp  # type: ignore[import-untyped]
from cryptography import x509

from tests.servers.timestamp.authority import certificate_flags, make_query, verify, verify_token
from tests.support.asn1 import integer, octet_string
from tests.support.ca import Changes, TestChain, make_chain, new_key
from tests.support.requirements import program
from tests.support.timestamp_responses import make_response
from tests.support.token_changes import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    Accuracy,
    EssCertificate,
    TokenChanges,
    TokenExtension,
)
from tests.support.tokens import make_info, make_token

MESSAGE = b"what is stamped"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 120000, UTC)
WHOLE_CHAIN = tuple(EssCertificate(place=place) for place in range(3))
OTHER = "1.3.6.1.4.1.99999.7"

GOOD = {
    "the usual": TokenChanges(),
    "an imprint with SHA-1": TokenChanges(imprint_hash="sha1"),
    "an imprint with SHA-384": TokenChanges(imprint_hash="sha384"),
    "SHA-512 throughout": TokenChanges(imprint_hash="sha512", digest_algorithm="sha512"),
    "no hash in the name of the signature": TokenChanges(signature="rsaEncryption"),
    "no accuracy": TokenChanges(accuracy=None),
    "an accuracy of three parts": TokenChanges(accuracy=Accuracy(1, 500, 999)),
    "an accuracy of nothing": TokenChanges(accuracy=Accuracy()),
    "fractions of seconds": TokenChanges(gen_time=MOMENT),
    "ordering": TokenChanges(ordering=True),
    "a nonce": TokenChanges(nonce=2**63),
    "the authority's name": TokenChanges(tsa="right"),
    "an extension": TokenChanges(extensions=(TokenExtension(critical=False),)),
    "another policy and number": TokenChanges(policy="1.2.3", serial=2**150),
    "a hash of the certificate with SHA-384": TokenChanges(ess_v2=(EssCertificate("sha384"),)),
    "the hash of the certificate alone": TokenChanges(ess_v2=(EssCertificate(issuer_serial=None),)),
    "the hashes of the chain": TokenChanges(ess_v2=WHOLE_CHAIN),
    "the older attribute": TokenChanges(ess_v2=None, ess_v1=(EssCertificate(),)),
    "both attributes": TokenChanges(ess_v1=(EssCertificate(),)),
    "a signing time": TokenChanges(signing_time=MOMENT),
    "one more attribute": TokenChanges(more_attributes=((OTHER, integer(1)),)),
    "an unsigned attribute": TokenChanges(unsigned_attributes=((OTHER, integer(1)),)),
    # It takes the attributes as they come, and not in DER's order as CMS has it.
    "attributes signed out of order": TokenChanges(reversed_attributes=True, signed_as_written=True),
    "the leaf alone": TokenChanges(certificates="leaf"),
    "all but the root": TokenChanges(certificates="without root"),
    "no certificates": TokenChanges(certificates=None),
    "certificates as they came": TokenChanges(certificates_as_given=True),
    "a stranger": TokenChanges(extra_certificates=make_chain(length=1).ders),
    "no lengths": TokenChanges(indefinite=True, content_in_parts=True),
}
# What openssl says; where it says nothing in particular, that it fails is enough.
BAD = {
    "another imprint": (TokenChanges(imprint=b"\1" * 32), "message imprint mismatch"),
    "another message digest": (TokenChanges(message_digest=b"\1" * 32), "digest failure"),
    "a flipped bit": (TokenChanges(corrupt_signature=True), "signature failure"),
    "another key": (TokenChanges(key=new_key("RSA-2048", 7)), "signature failure"),
    "attributes out of order, signed in order": (TokenChanges(reversed_attributes=True), "signature failure"),
    "another authority's name": (TokenChanges(tsa="wrong"), "tsa name mismatch"),
    "another version": (TokenChanges(info_version=2), "unsupported version"),
    "another type of content": (TokenChanges(content_type=DATA), ""),
    "another outer type": (TokenChanges(outer_type=DATA), ""),
    "no content": (TokenChanges(detached=True), ""),
    "no signing certificate": (TokenChanges(ess_v2=None), "ess"),
    "another hash of the certificate": (TokenChanges(ess_v2=(EssCertificate(digest=b"\1" * 32),)), "ess"),
    "another serial number there": (TokenChanges(ess_v2=(EssCertificate(issuer_serial="wrong serial"),)), "ess"),
    "another issuer there": (TokenChanges(ess_v2=(EssCertificate(issuer_serial="wrong issuer"),)), "ess"),
    "another certificate there": (TokenChanges(ess_v2=(EssCertificate(place=1),)), "ess"),
    "an empty signing certificate": (TokenChanges(ess_v2=()), ""),
    "no message digest": (TokenChanges(without=(MESSAGE_DIGEST,)), ""),
    "no signed attributes": (TokenChanges(signed_attributes=False), ""),
    "two signers": (TokenChanges(second_signer=make_chain(purpose="timestamping")), "one signer"),
    "no signer": (TokenChanges(no_signer=True), "one signer"),
    "a content that is none": (TokenChanges(info=b"\x30\x00"), ""),
    "an accuracy that is none": (TokenChanges(accuracy=octet_string(b"")), ""),
}


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The authority's chain."""
    return make_chain("RSA-2048", purpose="timestamping")


def _signed(token: bytes) -> cms.SignedData:
    return cms.ContentInfo.load(token, strict=True)["content"]


def _signer(token: bytes) -> cms.SignerInfo:
    return _signed(token)["signer_infos"][0]


def _types(token: bytes) -> list[str]:
    return [attribute["type"].dotted for attribute in _signer(token)["signed_attrs"]]


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_openssl_accepts_good_tokens(tmp_path: Path, chain: TestChain, changes: TokenChanges) -> None:
    """The openssl command accepts every good variant of a token."""
    assert verify_token(tmp_path, make_token(MESSAGE, chain, changes), MESSAGE, chain.ders) is None


@pytest.mark.parametrize(("changes", "reason"), BAD.values(), ids=BAD)
def test_openssl_refuses_bad_tokens(tmp_path: Path, chain: TestChain, changes: TokenChanges, reason: str) -> None:
    """The openssl command reports the fault of each bad token."""
    said = verify_token(tmp_path, make_token(MESSAGE, chain, changes), MESSAGE, chain.ders)
    assert said is not None
    assert reason in said.lower()


@pytest.mark.parametrize("spec", ["RSA-3072", "EC-256", "EC-384", "EC-521"])
def test_each_kind_of_key_signs(tmp_path: Path, spec: str) -> None:
    """Every kind of key signs, with each hash."""
    other = make_chain(spec, purpose="timestamping")
    for digest_algorithm in ("sha256", "sha384", "sha512"):
        token = make_token(MESSAGE, other, TokenChanges(digest_algorithm=digest_algorithm))
        assert verify_token(tmp_path, token, MESSAGE, other.ders) is None


@pytest.mark.parametrize(
    "changes",
    [
        TokenChanges(),
        TokenChanges(signature="pss"),
        TokenChanges(signature="pss", digest_algorithm="sha512"),
        TokenChanges(signature="pss", salt=0),
        TokenChanges(signer_id="subject key id"),
    ],
)
def test_openssl_cms_accepts_pss_and_key_identifiers(tmp_path: Path, changes: TokenChanges) -> None:
    """PSS and key identifiers are good CMS, which `openssl ts` does not know; `openssl cms` does."""
    # A certificate without an identifier of its key is found by none.
    identifier = x509.SubjectKeyIdentifier(b"of the authority's own making"), False
    other = make_chain("RSA-2048", purpose="timestamping", leaf=Changes(put=(identifier,)))
    file = tmp_path / "token"
    file.write_bytes(make_token(MESSAGE, other, changes))
    trusted = certificate_flags(tmp_path, other.ders[-1:])
    about = ("-binary", "-inform", "DER", "-purpose", "timestampsign", "-in", str(file))
    command = [program("openssl"), "cms", "-verify", *about]
    done = subprocess.run([*command, *trusted], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert tsp.TSTInfo.load(done.stdout)["serial_number"].native == 3161


def test_a_response_is_accepted(tmp_path: Path, chain: TestChain) -> None:
    """A response to a query is good for two programs."""
    query = make_query(tmp_path, MESSAGE, "-cert")
    nonce = tsp.TimeStampReq.load(query)["nonce"].native
    response = make_response(make_token(MESSAGE, chain, TokenChanges(nonce=nonce)))

    assert verify(tmp_path, response, query, [chain.ders[-1]]) is None
    root = x509.load_der_x509_certificate(chain.ders[-1])
    verifier = rfc3161_client.VerifierBuilder(nonce=nonce, roots=[root]).build()
    assert verifier.verify_message(rfc3161_client.decode_timestamp_response(response), MESSAGE)


def test_a_refusal_says_why(tmp_path: Path) -> None:
    """A response without a token has the status, the texts and the reasons."""
    response = make_response(None, 2, texts=("not today", "ありません"), failures=(0, 25))
    file = tmp_path / "refusal.tsr"
    file.write_bytes(response)
    command = [program("openssl"), "ts", "-reply", "-in", str(file), "-text"]
    said = subprocess.run(command, capture_output=True, encoding="latin-1", check=True).stdout

    assert "Status: Rejected." in said
    assert "Status description: not today" in said
    assert "unrecognized or unsupported algorithm identifier, the request cannot be handled due to system" in said
    status = tsp.PKIStatusInfo.load(core.Sequence.load(response)[0].dump())
    assert status["status_string"].native == ["not today", "ありません"]
    assert status["fail_info"].native == {"bad_alg", "system_failure"}


def test_token_has_the_requested_fields(chain: TestChain) -> None:
    """Another library reads the requested fields."""
    changes = TokenChanges(
        accuracy=Accuracy(0, 1000, -1), nonce=-5, tsa="right", extensions=(TokenExtension(),), gen_time=MOMENT
    )
    info = tsp.TSTInfo.load(make_info(MESSAGE, chain, changes), strict=True)

    assert info["accuracy"].native == {"seconds": 0, "millis": 1000, "micros": -1}
    assert info["nonce"].native == -5
    assert info["tsa"].chosen.untag().dump() == chain.subjects[0].public_bytes()
    assert [(each["extn_id"].native, each["critical"].native) for each in info["extensions"]] == [
        (TokenExtension().oid, True)
    ]
    assert info["gen_time"].contents == b"20260301123015.12Z"
    assert info["message_imprint"]["hashed_message"].native == hashlib.sha256(MESSAGE).digest()


def test_time_is_now_by_default(chain: TestChain) -> None:
    """The default time is the present second; a given one need not be a time."""
    assert tsp.TSTInfo.load(make_info(MESSAGE, chain, TokenChanges(gen_time=b"soon")))["gen_time"].contents == b"soon"
    moment = tsp.TSTInfo.load(make_info(MESSAGE, chain))["gen_time"].native
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_attributes_follow_the_changes(chain: TestChain) -> None:
    """Attributes are missing, repeated, with two values, or in the opposite order."""
    usual = [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2]
    everything = TokenChanges(signing_time=MOMENT, ess_v1=(EssCertificate(),))

    assert sorted(_types(make_token(MESSAGE, chain))) == sorted(usual)
    assert sorted(_types(make_token(MESSAGE, chain, everything))) == sorted([*usual, SIGNING_TIME, SIGNING_CERTIFICATE])
    for kind in usual:
        assert kind not in _types(make_token(MESSAGE, chain, TokenChanges(without=(kind,))))
        assert _types(make_token(MESSAGE, chain, TokenChanges(twice=(kind,)))).count(kind) == 2
        attributes = _signer(make_token(MESSAGE, chain, TokenChanges(two_values=(kind,))))["signed_attrs"]
        assert {each["type"].dotted: len(each["values"]) for each in attributes} == dict.fromkeys(usual, 1) | {kind: 2}
    opposite = make_token(MESSAGE, chain, TokenChanges(reversed_attributes=True))
    assert _types(opposite) == _types(make_token(MESSAGE, chain))[::-1]


def test_signer_identifier_follows_the_changes(chain: TestChain) -> None:
    """The signer identifier has either form, each with its version, or is of another certificate."""
    usual = _signer(make_token(MESSAGE, chain))
    keyed = _signer(make_token(MESSAGE, chain, TokenChanges(signer_id="subject key id")))
    other = _signer(make_token(MESSAGE, chain, TokenChanges(signer_id_of=chain.ders[1], signer_info_version=9)))

    numbers = [each.serial_number for each in chain.certificates]
    assert (usual["version"].native, usual["sid"].chosen["serial_number"].native) == ("v1", numbers[0])
    digest = x509.SubjectKeyIdentifier.from_public_key(chain.leaf_key.public_key()).digest
    assert (keyed["version"].native, keyed["sid"].native) == ("v3", digest)
    assert (other["version"].native, other["sid"].chosen["serial_number"].native) == (9, numbers[1])


def test_certificates_follow_the_changes(chain: TestChain) -> None:
    """The certificates are some or all, sorted or as given, or absent."""

    def held(changes: TokenChanges) -> list[bytes] | None:
        certificates = _signed(make_token(MESSAGE, chain, changes))["certificates"]
        return None if certificates.native is None else [each.dump() for each in certificates]

    assert held(TokenChanges()) == sorted(chain.ders)
    assert held(TokenChanges(certificates="leaf")) == [chain.ders[0]]
    assert held(TokenChanges(certificates="without root")) == sorted(chain.ders[:-1])
    assert held(TokenChanges(certificates=None)) is None
    assert held(TokenChanges(certificates=())) == []
    assert held(TokenChanges(certificates=chain.ders[::-1], certificates_as_given=True)) == list(chain.ders[::-1])


def test_encoding_follows_the_changes(chain: TestChain) -> None:
    """Lengths can be indefinite, and bytes can follow."""
    open_ended = make_token(MESSAGE, chain, TokenChanges(indefinite=True))
    assert open_ended.startswith(b"\x30\x80")
    assert open_ended.endswith(bytes(6))
    assert make_token(MESSAGE, chain, TokenChanges(trailing=b"\0")).endswith(b"\0")
    assert make_response(None, trailing=b"\0") == bytes.fromhex("3005300302010000")
    assert _signed(make_token(MESSAGE, chain, TokenChanges(signed_data_version=1)))["version"].native == "v1"
    listed = _signed(make_token(MESSAGE, chain, TokenChanges(listed_algorithms=("sha1", "sha512"))))
    assert {each["algorithm"].native for each in listed["digest_algorithms"]} == {"sha1", "sha512"}
