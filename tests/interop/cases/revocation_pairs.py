"""Revocation cases that combine two harmless variants."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

from cryptography.hazmat.primitives import hashes

from tests.interop.cases.revocation_base import DAY, STATUSES, crl_case, ocsp_case
from tests.support import asn1
from tests.support.crls import NOW, issued_for
from tests.support.ocsp_answers import (
    make_delegate,
)

_OF_ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "by key": {"by_key": True},
    "a nonce": {"nonce": b"n" * 16},
    "a delegate": {"delegate": make_delegate},
    "made long ago": {"produced_at": NOW - 300 * DAY},
    "an extension": {"extensions": [asn1.unknown_extension(critical=False)]},
    "SHA-512": {"hash_algorithm": hashes.SHA512()},
    "an RSA issuer": {"chain": {"ca_kind": "RSA-2048"}},
}
_OF_CRLS: Final[Mapping[str, Mapping[str, Any]]] = {
    "no key": {"without_authority": True},
    "a large number": {"number": 2**150},
    "a newer one later": {"next_publish": asn1.generalized_time(NOW + DAY)},
    "an extension": {"extensions": [asn1.unknown_extension(critical=False)]},
    "for users": {"distribution_point": issued_for(only_user=True)},
    "a late end": {"next_update": NOW.replace(year=2060)},
    "SHA-512": {"hash_algorithm": hashes.SHA512()},
    "an RSA issuer": {"chain": {"ca_kind": "RSA-2048"}},
}
for (_one_name, _one_of), (_two_name, _two_of) in combinations(_OF_ANSWERS.items(), 2):
    for _word, _single in STATUSES.items():
        ocsp_case(f"{_word}, {_one_name}, {_two_name}", _single, _word, **_one_of, **_two_of)
for (_one_name, _one_of), (_two_name, _two_of) in combinations(_OF_CRLS.items(), 2):
    for _word, _entries in (("good", ()), ("revoked", (None,))):
        crl_case(f"{_word}, {_one_name}, {_two_name}", *_entries, expected=_word, **_one_of, **_two_of)
