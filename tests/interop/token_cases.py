"""Tokens for two judges: every way in which one can differ from a good one, by name."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tests.interop.cases.token_bytes import mutate, places
from tests.interop.cases.token_chains import CAS, LEAVES, MOMENT, ROOTS, SHAPES, SIGNED_WITH_SHA1, UNKNOWN_OID, chain
from tests.interop.cases.token_variants import (
    ACCURACIES,
    BAD,
    ECDSA,
    GOOD,
    HASHED,
    SHA_2,
    SIGNATURES,
    TIMES,
    changes,
    differing,
)
from tests.support.asn1 import explicit, integer
from tests.support.ca import make_chain, name
from tests.support.der import tlv
from tests.support.token_changes import Accuracy, EssCertificate, TokenChanges, TokenExtension
from tests.support.tokens import make_info, make_token

MESSAGE = b"what is stamped"
BASELINE = "0.4.0.2023.1.1"
_USUAL_SPECS = ("RSA-2048", "EC-256")
_PAIRS = 60
_ODD_KEYS = ("RSA-1024", "RSA-2560", "EC-224", "EC-256K")
_SPECS = ("RSA-2048", "RSA-3072", "RSA-4096", "EC-256", "EC-384", "EC-521")


class Case(NamedTuple):
    """One token.

    Attributes:
        label: What is special about it.
        chain: The authority's chain, by its name.
        changes: How the token differs.
        root: The chain whose root is trusted, where it is not the authority's own.
        mutated: The byte that is changed, and what it is combined with; where it is, is found by `mutate`.
    """

    label: str
    chain: str
    changes: TokenChanges
    root: str = ""
    mutated: tuple[str, int] | None = None

    def token(self) -> bytes:
        """The token."""
        token = make_token(MESSAGE, chain(self.chain), self.changes)
        return mutate(token, *self.mutated) if self.mutated else token

    @property
    def trusted(self) -> bytes:
        """The root that is trusted."""
        return chain(self.root or self.chain).ders[-1]


def singles() -> dict[str, Case]:
    """Each case of one difference, by its name."""
    parts = (_alone(), _by_hash(), _by_accuracy(), _by_chain(), _by_set(), _by_name(), _bytes(), _content_bytes())
    return {f"{case.chain.partition(':')[0]}: {case.label}": case for case in itertools.chain(*parts)}


def _alone() -> Iterator[Case]:
    for spec in _USUAL_SPECS:
        for label, each in (*GOOD.items(), *BAD.items(), *HASHED.items()):
            yield Case(label, spec, each)
        yield Case("root of another", spec, changes(), root=f"{spec}: another")
    for label, each in (*TIMES.items(), *ECDSA.items()):
        yield Case(label, "EC-256", each)
    for label, each in SIGNATURES.items():
        yield Case(label, "RSA-2048", each)


def _by_hash() -> Iterator[Case]:
    for spec, hashed in itertools.product(_SPECS, SHA_2):
        each = changes(imprint_hash=hashed, digest_algorithm=hashed, ess_v2=(EssCertificate(hashed),))
        yield Case(f"{hashed} everywhere", spec, each)
    for kind in _ODD_KEYS:
        yield Case("a key that is not for signatures", kind, changes())


def _by_accuracy() -> Iterator[Case]:
    policies = {"": "1.2.3", ", baseline policy": BASELINE, ", below the baseline policy": f"{BASELINE}.1"}
    for (named, policy), (label, accuracy) in itertools.product(policies.items(), ACCURACIES.items()):
        yield Case(f"accuracy {label}{named}", "EC-256", changes(accuracy=accuracy, policy=policy))


def _by_chain() -> Iterator[Case]:
    for spec, rest in itertools.product(_USUAL_SPECS, (*LEAVES, *CAS, *ROOTS, *SIGNED_WITH_SHA1, *SHAPES)):
        yield Case(f"chain {rest}", f"{spec}: {rest}", changes())


def _by_set() -> Iterator[Case]:
    own, other = chain("EC-256"), chain("EC-256: another")
    strangers = tuple(make_chain(length=1).ders[0] for _ in range(30))
    sets = {
        "backwards": changes(certificates=own.ders[::-1], certificates_as_given=True),
        "without the CA": changes(certificates=(own.ders[0], own.ders[2])),
        "without the leaf": changes(certificates=own.ders[1:]),
        "of another": changes(certificates=other.ders),
        "with another's": changes(extra_certificates=other.ders),
        "leaf twice": changes(extra_certificates=own.ders[:1]),
        "CA twice": changes(extra_certificates=own.ders[1:2]),
        "with another's root in place of its own": changes(certificates=(*own.ders[:2], other.ders[2])),
        "32 in all": changes(extra_certificates=strangers[:29]),
        "33 in all": changes(extra_certificates=strangers),
    }
    for label, each in sets.items():
        yield Case(f"certificates {label}", "EC-256", each)
    signers = {
        "who is the CA": changes(signer_id_of=own.ders[1]),
        "who is not there": changes(signer_id_of=other.ders[0]),
        "who is another": changes(signer_id_of=other.ders[0], extra_certificates=other.ders),
        "whose key is the CA's": changes(signer_id_of=own.ders[1], ess_v2=(EssCertificate(place=1),), key=own.keys[1]),
        "who is not alone": changes(second_signer=other),
    }
    for label, each in signers.items():
        yield Case(f"signer {label}", "EC-256", each)
    not_alone = signers["who is not alone"]
    yield Case("signer who is not alone, and the other is trusted", "EC-256", not_alone, "EC-256: another")


def _by_name() -> Iterator[Case]:
    names = {
        "of the leaf as a host": tlv(0x82, b"tsa.example.com"),
        "of the leaf as another directory name": explicit(4, name("The TSA").public_bytes()),
        "of another host": tlv(0x82, b"tsa.example.org"),
        "of the leaf in other letters": explicit(4, name("WABBIT-networks.io").public_bytes()),
    }
    for label, each in names.items():
        yield Case(f"name {label}", "EC-256: leaf with other names", changes(tsa=each))


def pairs() -> dict[str, tuple[Case, Case, Case]]:
    """Tokens with two differences that have nothing to do with each other, which the seed chooses; and each alone."""
    chosen = random.Random(3161)
    found: dict[str, tuple[Case, Case, Case]] = {}
    while len(found) < _PAIRS:
        spec = chosen.choice(_USUAL_SPECS)
        first, first_changes = chosen.choice(list(GOOD.items()))
        second, second_changes = chosen.choice([*GOOD.items(), *BAD.items(), *HASHED.items()])
        one, other = differing(first_changes), differing(second_changes)
        if one.keys() & other.keys():
            continue
        both = Case(f"{first}, and {second}", spec, changes(**one, **other))
        found[f"{spec}: {both.label}"] = (both, Case(first, spec, first_changes), Case(second, spec, second_changes))
    return found


_FULL = changes(
    nonce=77, tsa="right", ordering=True, extensions=(TokenExtension(critical=False),), signing_time=MOMENT,
    ess_v1=(EssCertificate(),), unsigned_attributes=((UNKNOWN_OID, integer(1)),), accuracy=Accuracy(1, 2, 3),
    certificates_as_given=True,
)  # fmt: skip


def _bytes() -> Iterator[Case]:
    for spec in _USUAL_SPECS:
        for place, mask in places(make_token(MESSAGE, chain(spec), _FULL)):
            yield Case(f"byte {place} ^ {mask:#04x}", spec, _FULL, mutated=(place, mask))


def _content_bytes() -> Iterator[Case]:
    """A byte of the content is changed before it is signed."""
    content = make_info(MESSAGE, chain("EC-256"), _FULL)
    for place, mask in places(content):
        yield Case(f"content {place} ^ {mask:#04x}", "EC-256", replace(_FULL, info=mutate(content, place, mask)))
