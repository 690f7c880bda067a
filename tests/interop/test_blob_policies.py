"""Trust policies for blobs, each read here and by the Go library: the same verdict, or a difference that has a name."""

import base64
import json
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.errors import NotarykitWarning, TrustPolicyError
from notarykit.trust.parsing import parse_blob_policy_document
from tests.interop import blob_statements
from tests.interop.cases.blob_policies import ABSENT, ACME, CASES, GLOBAL, GOOD, SKIP, WABBIT
from tests.interop.differences import Difference, Kind, laxer, stricter
from tests.interop.go_peer import Peer
from tests.support.mutants import other_bytes

# By what the side that refuses says. Each must be seen.
DIFFERENCES: dict[str, Difference] = {
    **stricter("RFC 8259, section 2: one value, and nothing behind it", "Extra data"),
    **stricter("RFC 8259, section 4: behaviour is unpredictable where names are not unique", "occurs twice"),
    **stricter("RFC 8259, sections 8.1 and 8.2: UTF-8, of whole characters", "not UTF-8", "half of a surrogate pair"),
    **stricter("RFC 8259, section 8.3: names are compared code unit by code unit", "looks like"),
    **stricter("a limit of the house: a verification does what all of its members say", "has the unknown member"),
    **stricter(
        'Trust policy specification, "Blob Trust Policy": the statement would not be kept to the scopes that it names',
        "has 'registryScopes'",
    ),
    **stricter(
        'Trust policy specification, "Signature Verification details": skip is for no global scope',
        "level 'skip' cannot be used with 'globalPolicy'",
    ),
    **stricter(
        'Trust policy specification, "Trust Policy Properties": always or afterCertExpiry', "verifyTimestamp '' is not"
    ),
    **stricter(
        "Trust store specification: a named store is a folder below its type", r"trust store name '\.\.?' must be of"
    ),
    **stricter(
        'Trust policy specification, "Trusted Identities Constraints": attributes of a subject have a type and a value',
        "attribute type '.*' is not known", "has no value",
    ),
    **stricter(
        'Trust policy specification, "Trusted Identities Constraints": the format is {prefix}:{value}',
        "is not of the form prefix:value",
    ),
    **laxer(
        'Trust policy specification, "Trusted Identities Constraints": all attribute types that a subject can have',
        "has duplicate RDN attribute",
    ),
}  # fmt: skip

Understood = blob_statements.Statements | str
"""The statements of a document as a verifier takes them, or why it is refused."""


def read_here(content: bytes) -> Understood:
    """How this side understands a document."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotarykitWarning)
        try:
            policies = parse_blob_policy_document(content).policies
        except TrustPolicyError as error:
            return str(error)
    return blob_statements.here(policies)


def read_there(peer: Peer, contents: Iterable[bytes]) -> list[Understood]:
    """How the Go side understands documents."""
    answer = peer.ask("judgePolicies", documents=[base64.b64encode(content).decode() for content in contents])
    assert answer["ok"], answer
    return [verdict.get("error") or blob_statements.there(verdict["statements"]) for verdict in answer["verdicts"]]


def kind_of(ours: Understood, theirs: Understood) -> Kind:
    """How the two differ; what both accept they understand in the same way."""
    if isinstance(ours, str) is isinstance(theirs, str):
        assert isinstance(ours, str) or ours == theirs
        return Kind.NONE
    return Kind.STRICTER if isinstance(ours, str) else Kind.LAXER


def difference(ours: Understood, theirs: Understood) -> str:
    """The pattern of the difference between the two, or an empty text if there is none."""
    kind = kind_of(ours, theirs)
    if kind is Kind.NONE:
        return ""
    refusal = ours if isinstance(ours, str) else str(theirs)
    reasons = [pattern for pattern, each in DIFFERENCES.items() if each.kind is kind and re.search(pattern, refusal)]
    assert reasons, (kind, ours, theirs)
    return reasons[0]


def test_documents_of_the_table(blob_peer: Peer) -> None:
    """Both read each document in the same way or refuse it, but for the differences of the table."""
    theirs = read_there(blob_peer, CASES.values())
    found = {difference(read_here(CASES[name]), there) for name, there in zip(CASES, theirs, strict=True)}
    assert found == {"", *DIFFERENCES}


_JUNK = st.sampled_from([None, "", "*", " ", "a", 0, True, [], {}, ["*"], [None], {"a": "b"}])

_STRANGE = ["comment", "registryScopes", "Name", "LEVEL", "trustpolicies", "globalPolicy"]


def _mostly(*good: Any) -> st.SearchStrategy[Any]:
    """One of these values, or seldom one that is out of place."""
    return st.integers(0, 59).flatmap(lambda number: st.sampled_from(good) if number else _JUNK)


def _lists(*items: str) -> st.SearchStrategy[Any]:
    return st.lists(_mostly(*items), min_size=1, max_size=3)


@st.composite
def _object(draw: st.DrawFn, /, **members: st.SearchStrategy[Any]) -> dict[str, Any]:
    """An object with these members in any order, less those that are absent, and seldom less another."""
    names = draw(st.permutations(list(members)))
    made = {name: draw(members[name]) for name in names if draw(st.integers(0, 79))}
    if not draw(st.integers(0, 19)):
        made[draw(st.sampled_from(_STRANGE))] = draw(_JUNK)
    return {name: value for name, value in made.items() if value is not ABSENT}


_OVERRIDES = st.dictionaries(
    _mostly("authenticity", "authenticTimestamp", "expiry", "revocation").map(str),
    _mostly("enforce", "log", "log"),
    max_size=3,
)
_VERIFICATION = _object(
    level=_mostly("strict", "permissive", "audit", "strict", "audit", "skip"),
    override=st.one_of(st.just(ABSENT), st.just(ABSENT), _OVERRIDES),
    verifyTimestamp=_mostly(ABSENT, ABSENT, ABSENT, "always", "afterCertExpiry", ""),
)
_STATEMENT = _object(
    name=_mostly(*"abcdefghijklmnopqrstuvwxyz"),
    signatureVerification=_VERIFICATION,
    globalPolicy=_mostly(ABSENT, ABSENT, ABSENT, ABSENT, False, True),
    trustStores=_lists("ca:a", "ca:b", "tsa:a", "signingAuthority:a"),
    trustedIdentities=st.one_of(st.just(["*"]), st.lists(_mostly(WABBIT), max_size=2), _lists(ACME, "example.id: a")),
)
_DOCUMENT = _object(
    version=_mostly("1.0"),
    trustPolicies=st.lists(st.one_of(_STATEMENT, st.sampled_from([GOOD, GLOBAL, SKIP])), min_size=1, max_size=4),
)


@given(st.lists(_DOCUMENT.map(lambda made: json.dumps(made).encode()), min_size=20, max_size=20))
@settings(max_examples=100)
def test_generated_documents(blob_peer: Peer, contents: Sequence[bytes]) -> None:
    """Whatever members a document has, both read it in the same way or refuse it, but for those differences."""
    for content, theirs in zip(contents, read_there(blob_peer, contents), strict=True):
        difference(read_here(content), theirs)


@given(st.lists(st.sampled_from([CASES["statements of all kinds"]]).flatmap(other_bytes), min_size=20, max_size=20))
@settings(max_examples=100)
def test_damaged_documents(blob_peer: Peer, contents: Sequence[bytes]) -> None:
    """So it is where bytes of a good document are changed, put in, taken out or cut off."""
    for content, theirs in zip(contents, read_there(blob_peer, contents), strict=True):
        difference(read_here(content), theirs)
