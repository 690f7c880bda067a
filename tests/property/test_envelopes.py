"""No mutant of an envelope is accepted, and nothing comes out of a parser but what it says that it raises."""

import contextlib
import json
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit._internal.strict_json import DocumentError, loads
from notarykit.envelope import cbor
from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import NotarykitError
from notarykit.keys import signature as signatures
from tests.support.envelopes import COSE, FORMATS, JWS, PAYLOAD, build_cose, build_jws, cose_header, jws_header
from tests.support.mutants import CHAIN, SEEDS, Parts, mutants, other_bytes, put_together, take_apart


def _accepted(envelope: bytes, media_type: str) -> IntactEnvelope | None:
    """The envelope, if it is accepted; anything that comes out but the library's own errors fails the test."""
    try:
        return check_integrity(parse_envelope(envelope, media_type))
    except NotarykitError as error:
        message = error.one_line()
    assert message
    assert "\n" not in message
    return None


@pytest.mark.parametrize("media_type", FORMATS)
def test_original_envelopes_are_accepted(media_type: str) -> None:
    """The envelopes that are mutated are intact, and stay so when parsed and serialised."""
    again = put_together(media_type, take_apart(media_type))
    for envelope in (SEEDS[media_type], again):
        assert _accepted(envelope, media_type) is not None


@given(mutants())
@settings(max_examples=1500)
def test_no_mutant_is_accepted(mutant: tuple[str, Parts, bytes]) -> None:
    """A change of anything that is signed, or of the signature, is refused unless the signed bytes stayed the same."""
    media_type, parts, envelope = mutant
    good = take_apart(media_type)
    if _accepted(envelope, media_type) is not None:
        assert parts[:2] == good[:2]
        assert parts.signature == good.signature


def test_most_mutants_reach_the_cryptographic_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than half of the mutants are refused by the signature itself and not by their form."""
    made = reached = 0
    real = signatures.verify_raw

    def counting(*arguments: Any) -> None:
        nonlocal reached
        reached += 1
        real(*arguments)

    monkeypatch.setattr("notarykit.keys.signature.verify_raw", counting)

    @given(mutants())
    @settings(max_examples=500)
    def run(mutant: tuple[str, Parts, bytes]) -> None:
        nonlocal made
        media_type, parts, envelope = mutant
        if parts != take_apart(media_type):
            made += 1
            _accepted(envelope, media_type)

    run()
    assert made >= 400
    assert reached / made > 0.5


@pytest.mark.parametrize("media_type", FORMATS)
def test_every_signed_byte_counts(media_type: str) -> None:
    """Flipping any one byte of the header, the payload or the signature is refused."""
    good = take_apart(media_type)
    for name, part in good._asdict().items():
        for place in range(len(part)):
            flipped = part[:place] + bytes((part[place] ^ 0x01,)) + part[place + 1 :]
            parts = good._replace(**{name: flipped})
            assert _accepted(put_together(media_type, parts), media_type) is None


@given(st.sampled_from(FORMATS), st.data())
@settings(max_examples=800)
def test_raw_mutation_that_is_accepted_changes_nothing(media_type: str, data: st.DataObject) -> None:
    """An accepted envelope with bytes changed, inserted, removed or cut off has the same content."""
    accepted = _accepted(data.draw(other_bytes(SEEDS[media_type])), media_type)
    if accepted is not None:
        good = check_integrity(parse_envelope(SEEDS[media_type], media_type))
        assert accepted[:5] == good[:5]


@pytest.mark.parametrize("media_type", FORMATS)
def test_every_truncation_is_refused(media_type: str) -> None:
    """No beginning of an envelope is an envelope."""
    envelope = SEEDS[media_type]
    for end in range(len(envelope)):
        assert _accepted(envelope[:end], media_type) is None


@given(st.sampled_from(FORMATS), st.binary(max_size=200))
@settings(max_examples=400)
def test_arbitrary_bytes_are_refused(media_type: str, content: bytes) -> None:
    """Arbitrary bytes are no envelope."""
    assert _accepted(content, media_type) is None
    assert _accepted(b"\xd2" + content, COSE) is None


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=10,
)
_CBOR_LABELS = st.one_of(st.integers(-(2**64), 2**64 - 1), st.text(max_size=10), st.binary(max_size=4), st.booleans())
_CBOR = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=10),
        st.binary(max_size=10), st.just(cbor2.undefined), st.integers(0, 19).map(cbor2.CBORSimpleValue),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_CBOR_LABELS, inner, max_size=4),
        st.builds(cbor2.CBORTag, st.integers(0, 300), inner),
    ),
    max_leaves=10,
)  # fmt: skip


@given(_JSON)
@settings(max_examples=400)
def test_arbitrary_json_is_refused(value: Any) -> None:
    """An arbitrary JSON document is no envelope."""
    assert _accepted(json.dumps(value).encode(), JWS) is None


@given(st.dictionaries(st.sampled_from(list(jws_header(CHAIN))), _JSON, min_size=1))
@settings(max_examples=400)
def test_arbitrary_json_in_a_signed_header_raises_nothing_else(changes: dict[str, Any]) -> None:
    """Arbitrary values in a signed header are read or refused."""
    _accepted(build_jws(CHAIN, jws_header(CHAIN, changes)), JWS)


@given(_JSON)
@settings(max_examples=400)
def test_arbitrary_json_in_unsigned_parts_changes_nothing_signed(value: Any) -> None:
    """Arbitrary values in the unsigned parts are read or refused, and never change the signed content."""
    members = json.loads(SEEDS[JWS])
    for name in ("header", "signature", "payload", "protected"):
        assert _accepted(json.dumps({**members, name: value}).encode(), JWS) is None
    for name in ("x5c", "io.cncf.notary.timestampSignature", "io.cncf.notary.signingAgent", "com.example"):
        changed = json.dumps({**members, "header": {**members["header"], name: value}}).encode()
        accepted = _accepted(changed, JWS)
        assert accepted is None or accepted.chain.ders == CHAIN.ders


@given(_JSON)
@settings(max_examples=400)
def test_arbitrary_signed_payload_is_refused(value: Any) -> None:
    """Arbitrary JSON as the payload, or as its target, is refused even if signed."""
    for content in (value, {"targetArtifact": value}):
        payload = json.dumps(content).encode()
        assert _accepted(build_jws(CHAIN, jws_header(CHAIN), payload), JWS) is None


@given(_CBOR)
@settings(max_examples=400)
def test_arbitrary_cbor_is_refused(value: Any) -> None:
    """An arbitrary CBOR item is no envelope, tagged or not."""
    for item in (value, cbor2.CBORTag(18, value), cbor2.CBORTag(18, [b"\xa0", {}, PAYLOAD, value])):
        assert _accepted(cbor2.dumps(item), COSE) is None


@given(st.dictionaries(st.sampled_from([*cose_header(CHAIN), 33, 4, "x"]), _CBOR, min_size=1))
@settings(max_examples=400)
def test_arbitrary_cbor_in_a_signed_header_raises_nothing_else(changes: dict[Any, Any]) -> None:
    """Arbitrary values in a signed header are read or refused."""
    _accepted(build_cose(CHAIN, cose_header(CHAIN, changes)), COSE)


@given(_CBOR)
@settings(max_examples=400)
def test_arbitrary_cbor_in_unsigned_parts_changes_nothing_signed(value: Any) -> None:
    """Arbitrary values in the unsigned parts are read or refused, and never change the signed content."""
    for part in range(4):
        assert _accepted(build_cose(CHAIN, cose_header(CHAIN), parts={part: value}), COSE) is None
    for label in (33, "io.cncf.notary.timestampSignature", "io.cncf.notary.signingAgent", 4):
        accepted = _accepted(build_cose(CHAIN, cose_header(CHAIN), unprotected={label: value}), COSE)
        assert accepted is None or accepted.chain.ders == CHAIN.ders


@given(st.one_of(st.binary(max_size=60), _CBOR.map(cbor2.dumps)))
@settings(max_examples=1500)
def test_cbor_is_read_or_refused(data: bytes) -> None:
    """Whatever the bytes are, the CBOR reader gives a value or says that the form is not allowed."""
    for allow_times in (True, False):
        with contextlib.suppress(cbor.CBORFormError):
            cbor.loads(data, allow_times=allow_times)


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode), other_bytes(SEEDS[JWS])))
@settings(max_examples=1500)
def test_json_is_read_or_refused(data: bytes) -> None:
    """Whatever the bytes are, the JSON reader gives a value that any reader would give, or refuses."""
    try:
        value = loads(data)
    except DocumentError:
        return
    assert value == json.loads(data)
