"""Mutants of good envelopes: one change in what is signed or in the signature, and the whole encoded again."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import cbor2
from hypothesis import strategies as st

from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import COSE, EXPIRY, FORMATS, JWS, SCHEME, TIME, build, epoch, from_url64, url64

CHAIN = make_chain()
_LATER: Mapping[str, Any] = {JWS: "2023-04-06T07:01:20Z", COSE: epoch(1680764480)}
_CRITICAL: Mapping[str, Any] = {JWS: "crit", COSE: 2}


def _seed(chain: TestChain, media_type: str) -> bytes:
    """A good envelope with an expiry and extended attributes of several kinds."""
    return build(
        chain,
        media_type,
        {
            EXPIRY: _LATER[media_type],
            "com.example.text": "value",
            "com.example.list": [1, True, None, {"a": "b"}],
            _CRITICAL[media_type]: [SCHEME, EXPIRY, "com.example.text"],
        },
    )


SEEDS: Mapping[str, bytes] = {media_type: _seed(CHAIN, media_type) for media_type in FORMATS}


class Parts(NamedTuple):
    """The signed parts of an envelope and its signature, each as bytes."""

    protected: bytes
    payload: bytes
    signature: bytes


def take_apart(media_type: str, seeds: Mapping[str, bytes] = SEEDS) -> Parts:
    """The parts of the format's good envelope."""
    if media_type == JWS:
        members = json.loads(seeds[JWS])
        return Parts(*(from_url64(members[name]) for name in ("protected", "payload", "signature")))
    protected, _, payload, signature = cbor2.loads(seeds[COSE][1:])
    return Parts(protected, payload, signature)


def put_together(media_type: str, parts: Parts, seeds: Mapping[str, bytes] = SEEDS) -> bytes:
    """The format's good envelope with other parts."""
    if media_type == JWS:
        members = json.loads(seeds[JWS])
        return json.dumps({**members, **{name: url64(part) for name, part in parts._asdict().items()}}).encode()
    outer = cbor2.loads(seeds[COSE][1:])[1]
    return b"\xd2" + cbor2.dumps([parts.protected, dict(outer), parts.payload, parts.signature])


def _value(media_type: str) -> st.SearchStrategy[Any]:
    """A value that a member could have, or that no member can have."""
    leaves: list[st.SearchStrategy[Any]] = [
        st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=12),
        st.floats(allow_nan=False, allow_infinity=False),
    ]  # fmt: skip
    if media_type == COSE:
        leaves += [st.binary(max_size=12), st.integers(-(2**40), 2**40).map(epoch)]
    lists = st.recursive(st.one_of(leaves), lambda inner: st.lists(inner, max_size=3), max_leaves=4)
    return st.one_of(lists, st.dictionaries(st.text(max_size=4), st.one_of(leaves), max_size=3))


_TIME_TEXTS = st.datetimes().map(lambda time: time.isoformat(timespec="seconds") + "Z")


def _moved(media_type: str) -> st.SearchStrategy[dict[Any, Any]]:
    """Changes that keep all rules: another time, another extended attribute, another criticality of one."""
    label: Any = st.text(min_size=1, max_size=10).map(lambda text: "com.example." + text)
    if media_type == COSE:
        label = st.one_of(label, st.integers(100, 10_000))
        early: Any = st.integers(0, 1649228480).map(epoch)
    else:
        early = st.integers(1970, 2021).map(lambda year: f"{year}-04-06T07:01:20Z")
    return st.one_of(
        st.builds(lambda time: {TIME: time}, early),
        st.builds(lambda name, value: {name: value}, label, _value(media_type)),
        st.just({"com.example.text": "other"}),
        st.sampled_from([[SCHEME, EXPIRY], [EXPIRY, SCHEME, "com.example.list"], [EXPIRY, SCHEME]]).map(
            lambda names: {_CRITICAL[media_type]: names}
        ),
    )


@st.composite
def _other_header(draw: st.DrawFn, media_type: str, header: bytes) -> bytes:
    members: dict[Any, Any] = json.loads(header) if media_type == JWS else dict(cbor2.loads(header))
    way = draw(st.sampled_from(["keep rules", "keep rules", "change", "remove", "add", "twice", "order"]))
    name = draw(st.sampled_from(list(members)))
    if way == "keep rules":
        members |= draw(_moved(media_type))
    elif way == "change":
        members[name] = draw(st.one_of(_value(media_type), _TIME_TEXTS))
    elif way == "remove":
        del members[name]
    elif way == "add":
        members[draw(st.text(max_size=12))] = draw(_value(media_type))
    elif way == "order":
        members = {one: members[one] for one in draw(st.permutations(list(members)))}
    if way == "twice":
        return _with_member_twice(media_type, members, name, draw(_value(media_type)))
    return _encoded(media_type, members)


def _encoded(media_type: str, members: dict[Any, Any]) -> bytes:
    return json.dumps(members).encode() if media_type == JWS else cbor2.dumps(members)


def _with_member_twice(media_type: str, members: dict[Any, Any], name: Any, value: Any) -> bytes:
    whole, more = _encoded(media_type, members), _encoded(media_type, {name: value})
    if media_type == JWS:
        return whole[:-1] + b"," + more[1:]
    return bytes((whole[0] + 1,)) + whole[1:] + more[1:]


@st.composite
def _other_payload(draw: st.DrawFn, payload: bytes) -> bytes:
    document = json.loads(payload)
    target = document["targetArtifact"]
    way = draw(st.sampled_from(["size", "digest", "type", "annotations", "value", "remove", "bytes"]))
    if way == "size":
        target["size"] = draw(st.integers(0, 2**40))
    elif way == "digest":
        target["digest"] = "sha256:" + draw(st.binary(min_size=32, max_size=32)).hex()
    elif way == "type":
        target["mediaType"] = draw(st.text(max_size=20))
    elif way == "annotations":
        target["annotations"] = draw(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
    elif way == "value":
        target[draw(st.sampled_from(list(target)))] = draw(_value(JWS))
    elif way == "remove":
        del target[draw(st.sampled_from(list(target)))]
    else:
        return draw(other_bytes(payload))
    return json.dumps(document, separators=(",", ":")).encode()


@st.composite
def other_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Content with one to three bytes changed, put in or taken out, or cut off."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(changed) - 1)))
        way = draw(st.sampled_from(["flip", "flip", "put in", "take out", "cut"]))
        if way == "flip" and changed:
            changed[place] ^= draw(st.integers(1, 255))
        elif way == "put in":
            changed.insert(place, draw(st.integers(0, 255)))
        elif way == "take out" and changed:
            del changed[place]
        elif way == "cut":
            del changed[place:]
    return bytes(changed)


@st.composite
def _flipped(draw: st.DrawFn, content: bytes) -> bytes:
    changed = bytearray(content)
    changed[draw(st.integers(0, len(content) - 1))] ^= draw(st.integers(1, 255))
    return bytes(changed)


@st.composite
def mutants(draw: st.DrawFn, seeds: Mapping[str, bytes] = SEEDS) -> tuple[str, Parts, bytes]:
    """A format, the parts of a mutant of its good envelope, and the mutant."""
    media_type = draw(st.sampled_from(FORMATS))
    good = take_apart(media_type, seeds)
    part = draw(st.sampled_from(["protected", "protected", "payload", "signature"]))
    if part == "protected":
        parts = good._replace(protected=draw(_other_header(media_type, good.protected)))
    elif part == "payload":
        parts = good._replace(payload=draw(_other_payload(good.payload)))
    else:
        changed = draw(st.one_of(_flipped(good.signature), _flipped(good.signature), other_bytes(good.signature)))
        parts = good._replace(signature=changed)
    return media_type, parts, put_together(media_type, parts, seeds)
