"""Tokens with changed bytes."""

import random

import pytest

from notarykit.errors import NotarykitError, TimestampError
from notarykit.timestamp.token import verify_token
from tests.support.asn1 import oid
from tests.support.token_changes import TST_INFO, EssCertificate, TokenChanges
from tests.support.tokens import make_token
from tests.unit.timestamp.verified import CHAIN, MESSAGE, MOMENT, RSA


@pytest.mark.parametrize("token", [b"", b"\0", b"\x30\x00", b"\x30\x80", b"garbage", b"\x30\x80" * 5000], ids=range(6))
def test_garbage_is_refused(token: bytes) -> None:
    """Bytes that are no token are refused."""
    with pytest.raises(TimestampError):
        verify_token(token, MESSAGE, CHAIN.ders[-1:])


def test_changed_signed_byte_is_refused() -> None:
    """A change of any byte of the content, the signed attributes or the signature is refused."""
    token = make_token(MESSAGE, RSA, TokenChanges(gen_time=MOMENT, certificates_as_given=True))
    content_start = token.index(b"\x04", token.index(oid(TST_INFO)))
    content_end = token.index(RSA.ders[0])
    attributes_start = token.index(b"\xa0", token.index(RSA.ders[2]) + len(RSA.ders[2]))
    places = [*range(content_start, content_end - 5), *range(attributes_start, len(token))]
    for place in places:
        spoiled = token[:place] + bytes([token[place] ^ 0x01]) + token[place + 1 :]
        with pytest.raises(NotarykitError):
            verify_token(spoiled, MESSAGE, RSA.ders[-1:])


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_changed_bytes_raise_no_other_error() -> None:
    """Bytes with any one change are read, or refused with an error of notarykit."""
    chosen = random.Random(3161)
    token = make_token(MESSAGE, CHAIN, TokenChanges(gen_time=MOMENT, ess_v1=(EssCertificate(),), tsa="right"))
    refused = 0
    for _ in range(1500):
        spoiled = bytearray(token)
        for _ in range(chosen.choice((1, 1, 2, 5))):
            spoiled[chosen.randrange(len(spoiled))] = chosen.randrange(256)
        try:
            timestamp = verify_token(bytes(spoiled), MESSAGE, CHAIN.ders[-1:])
        except NotarykitError:
            refused += 1
        else:
            assert (timestamp.time, timestamp.chain.ders[0]) == (MOMENT, CHAIN.ders[0])
    assert refused > 1000


def test_certificate_that_is_not_in_der_is_refused() -> None:
    """A certificate in BER is refused and not mended, though the token around it may be in BER."""
    token = make_token(MESSAGE, CHAIN, TokenChanges(indefinite=True))
    first = min(CHAIN.ders, key=token.index)
    before, _, after = token.partition(first)
    length = int.from_bytes(before[-2:], "big")  # of all certificates: [0] with a length of two octets
    assert (before[-4:-2], first[:2]) == (b"\xa0\x82", b"\x30\x82")
    changed = before[:-2] + (length + 1).to_bytes(2, "big") + b"\x30\x83\x00" + first[2:] + after
    with pytest.raises(TimestampError, match="a certificate is not in DER"):
        verify_token(changed, MESSAGE, CHAIN.ders[-1:])
