"""Ways from a certificate to a root through a heap: all of them, the shorter first, and not too many."""

import random
from collections.abc import Iterable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.errors import CertificateError
from notarykit.keys.certificate import why_not_issued
from notarykit.keys.chain import LONGEST_CHAIN, chains_to, check_chain
from tests.support.ca import Changes, TestChain, make_chain, name, new_key

_CHAIN = make_chain(length=4)
_LEAF, _LOWER, _UPPER, _ROOT = _CHAIN.ders
_OTHER = make_chain(length=4)
_V3, _V4 = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"


def _ways(leaf: bytes, heap: Iterable[bytes], *roots: bytes) -> list[tuple[bytes, ...]]:
    return list(chains_to(leaf, heap, roots))


def _crossed(chain: TestChain, place: int, **changes: object) -> tuple[bytes, bytes]:
    """Another certificate of a chain's CA, by a root of its own, and that root."""
    ca = Changes(key=chain.keys[place], subject=chain.subjects[place], **changes)  # type: ignore[arg-type]
    crossing = make_chain(length=3, cas={1: ca, 2: Changes(subject=name("Another Root"))})
    return crossing.ders[1], crossing.ders[2]


def test_candidates_may_be_in_any_order() -> None:
    """The one way is found whatever the order of the heap, with or without root, leaf and strangers in it."""
    shuffled = random.Random(1)
    for more in ((), (_ROOT,), (_LEAF,), _OTHER.ders, (_LEAF, _ROOT, *_OTHER.ders, _UPPER)):
        heap = [_LOWER, _UPPER, *more]
        for _ in range(5):
            shuffled.shuffle(heap)
            assert _ways(_LEAF, heap, _ROOT) == [_CHAIN.ders]


def test_missing_link_yields_no_chain() -> None:
    """There is none where a link is missing, or the root is another, or there is no root."""
    assert _ways(_LEAF, (_LOWER,), _ROOT) == []
    assert _ways(_LEAF, (_UPPER,), _ROOT) == []
    assert _ways(_LEAF, _CHAIN.ders, _OTHER.ders[3]) == []
    assert _ways(_LEAF, (*_CHAIN.ders, *_OTHER.ders)) == []
    assert _ways(_LEAF, ()) == []


def test_root_among_candidates_is_not_trusted() -> None:
    """Only what is given as a root ends a way."""
    assert _ways(_OTHER.ders[0], _OTHER.ders, _ROOT) == []


def test_leaf_itself_may_be_trusted() -> None:
    """A leaf that is among the roots is a whole way."""
    alone = make_chain(length=1).ders[0]
    assert _ways(alone, (), alone) == [(alone,)]
    assert _ways(alone, _CHAIN.ders, _ROOT) == []
    assert _ways(_LEAF, _CHAIN.ders, _LEAF) == [(_LEAF,)]


def test_path_ends_at_the_first_root() -> None:
    """Where a certificate on the way is trusted, the way ends there; what the rules say of it is another question."""
    assert _ways(_LEAF, _CHAIN.ders, _UPPER, _ROOT) == [_CHAIN.ders[:3]]
    with pytest.raises(CertificateError):
        check_chain(_CHAIN.ders[:3])


def test_shorter_paths_come_first() -> None:
    """A CA that a second root has certified as well gives two ways."""
    crossing, root = _crossed(_CHAIN, 1)
    heap = (*_CHAIN.ders, crossing)
    assert _ways(_LEAF, heap, _ROOT, root) == [(_LEAF, crossing, root), _CHAIN.ders]
    assert _ways(_LEAF, heap[::-1], root, _ROOT) == [(_LEAF, crossing, root), _CHAIN.ders]
    assert _ways(_LEAF, heap, root) == [(_LEAF, crossing, root)]
    assert _ways(_LEAF, heap, _ROOT) == [_CHAIN.ders]


def test_cross_certified_root_yields_both_paths() -> None:
    """The way through a cross certificate of a root is found where only the other root is trusted."""
    crossing, root = _crossed(_CHAIN, 3)
    heap = (*_CHAIN.ders, crossing)
    assert _ways(_LEAF, heap, root) == [(_LEAF, _LOWER, _UPPER, crossing, root)]
    assert _ways(_LEAF, heap, _ROOT, root) == [_CHAIN.ders, (_LEAF, _LOWER, _UPPER, crossing, root)]


def test_each_certificate_of_a_ca_is_tried() -> None:
    """Each certificate of the same CA is tried: which of them is valid is not looked at here."""
    key = new_key("EC-256")
    first = make_chain(cas={1: Changes(key=key)})
    second = make_chain(cas={1: Changes(key=key), 2: Changes(key=first.keys[2])})
    assert sorted(_ways(first.ders[0], (first.ders[1], second.ders[1]), first.ders[2])) == sorted(
        [first.ders, (first.ders[0], second.ders[1], first.ders[2])]
    )


def test_circle_of_certificates_ends() -> None:
    """CAs that have certified each other lead nowhere, and to an end."""
    one, other = (Changes(key=new_key("EC-256"), subject=name(called)) for called in ("One", "Other"))
    circle = [make_chain(cas={1: below, 2: above}) for below, above in ((one, other), (other, one))]
    heap = [chain.ders[1] for chain in circle]
    assert _ways(circle[0].ders[0], heap, _ROOT) == []
    assert _ways(circle[0].ders[0], heap, circle[0].ders[2]) == [circle[0].ders]


def test_unreadable_candidate_is_ignored() -> None:
    """What is no certificate, or of no known version, does not matter where the way does not lead through it."""
    unread = make_chain(length=1, leaf=Changes(swap=((_V3, _V4),))).ders[0]
    for bad in (b"", b"\0", b"\x30\x00", b"\x30\x80", unread, _UPPER[:-1], _UPPER + b"\0"):
        assert _ways(_LEAF, (bad, *_CHAIN.ders, bad), _ROOT) == [_CHAIN.ders]
        assert _ways(_LEAF, (_LOWER, bad), _ROOT) == []


@pytest.mark.parametrize("bad", [b"", b"\x30\x00", _LEAF[:-1]], ids=range(3))
def test_unreadable_leaf_or_root_is_refused(bad: bytes) -> None:
    """The leaf and the roots are certificates."""
    with pytest.raises(CertificateError) as caught:
        _ways(bad, _CHAIN.ders, _ROOT)
    assert caught.value.rule == "certificate_parses"
    with pytest.raises(CertificateError):
        _ways(_LEAF, _CHAIN.ders, _ROOT, bad)


def test_link_needs_name_and_key() -> None:
    """A CA of the right name with another key is none, and neither is one of another name with the right key."""
    namesake = make_chain(length=4).ders
    assert _ways(_LEAF, (namesake[1], _UPPER), _ROOT) == []
    renamed = make_chain(cas={1: Changes(key=_CHAIN.keys[1], subject=name("Somebody Else"))})
    assert _ways(_LEAF, renamed.ders, renamed.ders[2]) == []


def test_name_without_text_links() -> None:
    """A CA whose name cannot be read is no obstacle for another way."""
    odd = make_chain(subject=name("wab-XXXX-net"), leaf=Changes(swap=((b"XXXX", b"\xff\xfe\xff\xfe"),)))
    assert _ways(_LEAF, (*odd.ders, *_CHAIN.ders), _ROOT) == [_CHAIN.ders]
    assert _ways(odd.ders[0], odd.ders, odd.ders[2]) == [odd.ders]


def test_path_length_is_limited() -> None:
    """A way has as many certificates as a chain may have, and no more."""
    longest = make_chain(length=LONGEST_CHAIN)
    assert _ways(longest.ders[0], longest.ders, longest.ders[-1]) == [longest.ders]
    longer = make_chain(length=LONGEST_CHAIN + 1)
    assert _ways(longer.ders[0], longer.ders, longer.ders[-1]) == []


def _many_of_one_name(count: int) -> tuple[bytes, ...]:
    """So many CAs with the name of the leaf's issuer, each with a key of its own."""
    return tuple(
        make_chain(length=1, leaf=Changes(subject=_CHAIN.subjects[1], kind="EC-256")).ders[0] for _ in range(count)
    )


def test_work_is_limited() -> None:
    """Certificates under the same name cannot make the search long: so many links are tried, and no more."""
    assert _ways(_LEAF, (*_CHAIN.ders, *_many_of_one_name(150)), _ROOT) == [_CHAIN.ders]
    with pytest.raises(CertificateError, match="too many paths"):
        _ways(_LEAF, (*_many_of_one_name(250), *_CHAIN.ders), _ROOT)


def test_multiplying_paths_are_limited() -> None:
    """Levels of CAs that have each certified all of the next have more ways than are tried."""
    key, subjects = new_key("EC-256"), [name(f"Level {level}") for level in range(8)]
    heap: list[bytes] = []
    for level in range(7):
        for _ in range(4):
            made = make_chain(
                length=2,
                leaf=Changes(key=key, subject=subjects[level]),
                cas={1: Changes(key=key, subject=subjects[level + 1])},
            )
            heap.append(made.ders[0])
    root = make_chain(length=2, cas={1: Changes(key=key, subject=subjects[7])}).ders[1]
    with pytest.raises(CertificateError, match="too many paths"):
        _ways(heap[0], heap, root)


def test_untrusted_keys_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures are checked under keys for which a root vouches: certificates of others cost nothing."""
    issuers: list[object] = []

    def watched(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
        issuers.append(issuer)
        return why_not_issued(certificate, issuer)

    monkeypatch.setattr("notarykit.keys.chain.why_not_issued", watched)
    namesakes = _many_of_one_name(20)
    assert _ways(_OTHER.ders[0], (*_OTHER.ders, *namesakes), _ROOT) == []
    assert {issuer.public_bytes(Encoding.DER) for issuer in issuers} <= {_ROOT}  # type: ignore[attr-defined]
