"""Tokens of the tests, as OpenSC's pkcs11-tool sees them."""

import os
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from tests.servers.pkcs11.token import CA_IDS, IDS, KINDS, PublicKey, Token, list_slots
from tests.support.ca import HASH_OF_SPEC, SPECS


def _digest(spec: str, data: bytes) -> bytes:
    digest = hashes.Hash(HASH_OF_SPEC[spec])
    digest.update(data)
    return digest.finalize()


def _sign(token: Token, spec: str, data: bytes, key_id: bytes | None = None) -> bytes:
    """A signature as the Notary Project wants it, of a key spec's own hash."""
    name = f"SHA{HASH_OF_SPEC[spec].digest_size * 8}"
    mechanism = ["ECDSA"]
    if spec.startswith("RSA"):
        salt = str(HASH_OF_SPEC[spec].digest_size)
        mechanism = ["RSA-PKCS-PSS", "--hash-algorithm", name, "--mgf", f"MGF1-{name}", "--salt-len", salt]
    return token.sign(key_id or IDS[spec], _digest(spec, data), *mechanism)


def _verify(key: PublicKey, spec: str, data: bytes, signature: bytes) -> None:
    algorithm = HASH_OF_SPEC[spec]
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
    else:
        half = len(signature) // 2
        numbers = [int.from_bytes(part, "big") for part in (signature[:half], signature[half:])]
        key.verify(utils.encode_dss_signature(*numbers), data, ec.ECDSA(algorithm))


def test_token_has_keys_and_certificates(token: Token) -> None:
    """A token has a private key, a public key and a certificate for each of its specs, and the CAs."""
    expected = {(kind, spec, IDS[spec]) for spec in token.specs for kind in KINDS}
    expected |= {("cert", f"CA {place}", ca_id) for place, ca_id in enumerate(CA_IDS, 1)}
    assert expected <= {(each.kind, each.label, each.id) for each in token.objects()}


def test_private_keys_need_a_login(token: Token) -> None:
    """Without a login no private key is visible, and every certificate."""
    seen = {(each.kind, each.id) for each in token.objects(login=False)}
    assert "privkey" not in {kind for kind, _ in seen}
    assert {("cert", each) for each in (*(IDS[spec] for spec in token.specs), *CA_IDS)} <= seen


def test_signature_verifies_with_the_certificate(token: Token) -> None:
    """A signature of each key verifies with the certificate that has the key's id."""
    for spec in token.specs:
        certificate = x509.load_der_x509_certificate(token.read(IDS[spec], "cert"))
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        assert key == token.public_key(IDS[spec])
        _verify(key, spec, b"signed", _sign(token, spec, b"signed"))


def test_certificates_form_chains(token: Token) -> None:
    """The certificates on a token are those of its chains, and each is issued by the next."""
    assert tuple(token.chains) == token.specs
    for spec, chain in token.chains.items():
        assert chain.ders == tuple(token.read(each, "cert") for each in (IDS[spec], *CA_IDS))
        leaf, middle, root = chain.certificates
        leaf.verify_directly_issued_by(middle)
        middle.verify_directly_issued_by(root)
        root.verify_directly_issued_by(root)


def test_token_lists_pss_and_ecdsa(token: Token) -> None:
    """A token has a mechanism for RSA-PSS, and one for ECDSA where it has such keys."""
    mechanisms = token.mechanisms()
    print(token.kind, *(each for each in mechanisms if "PSS" in each or "ECDSA" in each or each == "RSA-X-509"))
    assert {"RSA-PKCS-PSS", "RSA-X-509"} <= set(mechanisms)
    assert ("ECDSA" in mechanisms) == ("EC-256" in token.specs)


def test_one_token_lists_no_pss(tpm_without_pss: Token) -> None:
    """One token lists raw RSA and no mechanism for RSA-PSS."""
    mechanisms = tpm_without_pss.mechanisms()
    assert "RSA-X-509" in mechanisms
    assert not [each for each in mechanisms if "PSS" in each]


def test_key_without_public_object_signs_and_is_removed(token: Token) -> None:
    """A key without a public key object signs, and nothing is left when it is removed."""
    for spec in {"RSA-2048", "EC-384"} & set(token.specs):
        key_id = b"made " + os.urandom(4)
        key = token.make_key(spec, "made", key_id, public_object=False)
        try:
            assert [each.kind for each in token.objects() if each.id == key_id] == ["privkey"]
            _verify(key, spec, b"signed", _sign(token, spec, b"signed", key_id))
        finally:
            token.remove(key_id, "all")
        assert key_id not in {each.id for each in token.objects()}


def test_key_may_require_the_pin_for_each_signature(token: Token) -> None:
    """A key can require the PIN before each signature."""
    key_id = b"always " + os.urandom(4)
    token.make_key("RSA-2048", "always", key_id, always_authenticate=True)
    try:
        key = next(each for each in token.objects() if each.id == key_id and each.kind == "privkey")
        assert "always authenticate" in key.text
    finally:
        token.remove(key_id, "all")


def test_token_is_in_its_slot(token: Token) -> None:
    """A token is in the slot that it names, with its label and serial number."""
    slot = next(each for each in list_slots(token.module, token.environment) if each.number == token.slot)
    assert (slot.label, slot.serial) == (token.label, token.serial)
    assert token.serial


def test_wrong_pin_is_rejected(empty_softhsm: Token) -> None:
    """A wrong PIN is rejected."""
    wrong = Token("softhsm", empty_softhsm.module, "", "wrong", empty_softhsm.environment, slot=empty_softhsm.slot)
    assert "CKR_PIN_INCORRECT" in wrong.pkcs11_tool("--list-objects", login=True, check=False).stderr


def test_empty_tokens_differ_in_serial_number(empty_softhsm: Token, another_softhsm: Callable[[], Token]) -> None:
    """An empty token has no objects, and one beside it differs in the serial number alone."""
    other = another_softhsm()
    assert empty_softhsm.objects() == other.objects() == []
    assert other.label == empty_softhsm.label
    assert other.serial != empty_softhsm.serial
    other.make_key("EC-256", "only here", b"\x01")
    assert empty_softhsm.objects() == []
    assert len(other.objects()) == 2


def test_softhsm_without_tokens_has_a_blank_one(no_softhsm: dict[str, str], softhsm: Token) -> None:
    """A SoftHSM2 without tokens has only one that is not initialised."""
    assert [slot.label for slot in list_slots(softhsm.module, no_softhsm)] == [""]
    assert softhsm.specs == SPECS
