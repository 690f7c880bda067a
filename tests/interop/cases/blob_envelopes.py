"""Envelopes around the payload of a blob, with one thing that is special about each; every signature holds."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import cbor2

from tests.support.ca import TestChain
from tests.support.envelopes import (
    ABSENT,
    AGENT,
    AUTHENTIC_TIME,
    COSE,
    EXPIRY,
    JWS,
    PAYLOAD_TYPE,
    SCHEME,
    TIME,
    TIMESTAMP,
    build,
    build_cose,
    build_jws,
    cose_header,
    epoch,
    jws_header,
)

CONTENT = b"a release"
SHA256, SHA384, SHA512 = (f"{name}:{hashlib.new(name, CONTENT).hexdigest()}" for name in ("sha256", "sha384", "sha512"))
TARGET = {"mediaType": "text/plain", "digest": SHA256, "size": len(CONTENT), "annotations": {"build": "42"}}
OTHER = "com.example.other"


def payload(target: Any = TARGET, **more: Any) -> bytes:
    """A payload with a target and further members."""
    return json.dumps({"targetArtifact": target, **more}, separators=(",", ":")).encode()


def changed(**members: Any) -> bytes:
    """A payload whose target has these members in place of its own or beside them."""
    return payload({name: value for name, value in {**TARGET, **members}.items() if value is not ABSENT})


def replaced(old: str, new: str) -> bytes:
    """The good payload with a piece of its text replaced."""
    text = payload().decode()
    assert text.count(old) == 1, (old, text)
    return text.replace(old, new).encode("utf-8", "surrogateescape")


PAYLOADS: dict[str, bytes] = {
    "a good one": payload(),
    "with blanks": json.dumps({"targetArtifact": TARGET}, indent=2).encode() + b"\n",
    "in another order": json.dumps({"targetArtifact": dict(reversed(TARGET.items()))}).encode(),
    "nothing": b"",
    "no JSON": b"targetArtifact",
    "a list": b"[" + payload() + b"]",
    "null": b"null",
    "an empty object": b"{}",
    "text behind it": payload() + b"x",
    "another one behind it": payload() + payload(),
    "a byte order mark": b"\xef\xbb\xbf" + payload(),
    "not UTF-8": replaced('"42"', '"\udcff"'),
    "half of a surrogate pair": replaced('"42"', r'"\ud800"'),
    "a target that is null": payload(None),
    "a target that is a list": payload([TARGET]),
    "two targets": replaced('{"targetArtifact"', '{"targetArtifact":{},"targetArtifact"'),
    "a target in another case": replaced("targetArtifact", "TargetArtifact"),
    "a target in both cases": payload(TARGETARTIFACT=TARGET | {"digest": SHA384}),
    "a member beside the target": payload(comment="ours"),
    "a member more": changed(comment="ours"),
    "a member twice": replaced('"size"', '"size":1,"size"'),
    "a member in another case": replaced('"size"', '"Size"'),
    "a member in both cases": changed(SIZE=len(CONTENT) + 1),
    "a media type that is absent": changed(mediaType=ABSENT),
    **{f"media type {each!r}": changed(mediaType=each) for each in (None, "", 1, "text", "text/plain ", "TEXT/PLAIN")},
    "a digest that is absent": changed(digest=ABSENT),
    **{
        f"digest {each!r:.20}": changed(digest=each)
        for each in (
            None, "", 1, SHA384, SHA512, SHA256.upper(), SHA256[:7] + SHA256[7:].upper(), SHA256[7:], SHA256[:-1],
            f" {SHA256}", f"{SHA256}\n", "sha256:" + "0" * 64, "md5:" + "0" * 32,
        )
    },
    "a size that is absent": changed(size=ABSENT),
    **{
        f"size {each!r}": changed(size=each)
        for each in (None, 0, -1, len(CONTENT) + 1, -len(CONTENT), 9.5, "9", True, [9], 2**63, 2**64 + 9)
    },
    "size 9.0": replaced('"size":9', '"size":9.0'),
    "size 9e0": replaced('"size":9', '"size":9e0'),
    "size 09": replaced('"size":9', '"size":09'),
    "size -0": replaced('"size":9', '"size":-0'),
    **{
        f"annotations {each!r}": changed(annotations=each)
        for each in (
            ABSENT, None, {}, [], "", {"build": 42}, {"build": None}, {"": "x"}, {"build": ["42"]},
            {"a": "b", "build": "42"}, {"io.cncf.notary.x": "y"},
        )
    },
    "an annotation twice": replaced('"build"', '"build":"41","build"'),
    **{
        f"{name} {each!r}": changed(**{name: each})
        for name, values in {
            "artifactType": ("", "application/vnd.example", None, 1),
            "urls": (["https://example.com/"], [], None, "https://example.com/", [1]),
            "data": ("YSByZWxlYXNl", "", None, 1, "~"),
            "platform": (
                {"os": "linux", "architecture": "amd64"}, {}, None, "linux", {"os": 1}, {"os.features": ["a"]},
                {"os.features": "a"}, {"variant": None}, {"other": 1},
            ),
            "URLs": ([], 1),
        }.items()
        for each in values
    },
}  # fmt: skip
"""Payloads by what is special about them."""


_TIMES: tuple[Any, ...] = (
    ABSENT, None, "", 1649228480, "2022-04-06", "2022-04-06 07:01:20Z", "2022-02-30T00:00:00Z", {}, True,
    "2022-04-06T07:01:20Z", "2022-04-06T07:01:20+02:00", "2022-04-06t07:01:20z", "2022-04-06T07:01:20.5Z",
    "2022-04-06T07:01:60Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2099-04-06T07:01:20Z", epoch(1649228480),
    epoch(1649228480.5), epoch("1649228480"), epoch(-1), epoch(2**62), epoch(float("nan")), epoch(4078000000),
)  # fmt: skip
_FURTHER = (OTHER, "b64", "kid", "x5c", "io.cncf.notary.other", "", 4, 5, 6, 7, 9, 33, 1000, -1)


def _fits(media_type: str, value: object) -> bool:
    """Whether a format can carry a name or a value."""
    return media_type == COSE or not isinstance(value, bytes | cbor2.CBORTag)


def _headers(media_type: str) -> Iterator[dict[Any, Any]]:
    """Changes of the protected header."""
    algorithm, critical, content_type, typ = ("alg", "crit", "cty", "typ") if media_type == JWS else (1, 2, 3, 16)
    values: dict[Any, tuple[Any, ...]] = {
        algorithm: (ABSENT, None, "", 1, "ES384", "none", "HS256", "RS256", "es256", -35, 0, -7.0, [-7]),
        critical: (
            ABSENT, None, [], "", SCHEME, [SCHEME, None], [SCHEME, 1], [[SCHEME]], {SCHEME: 1}, [SCHEME, SCHEME],
            [TIME], [SCHEME, "unknown"], [SCHEME, TIME], [SCHEME, content_type], [SCHEME, algorithm],
            [SCHEME, critical], [SCHEME, EXPIRY], [SCHEME, AGENT],
        ),
        content_type: (ABSENT, None, "", 1, [], "application/json", PAYLOAD_TYPE.upper(), PAYLOAD_TYPE + " ", 42),
        SCHEME: (
            ABSENT, None, "", 1, "notary.x509 ", "Notary.X509", "notary.x509.signingAuthority", ["notary.x509"], {},
        ),
        typ: ("text/plain", "text/", "text", "", b"x", 0, -1, None, [1]),
        TIME: _TIMES,
        EXPIRY: _TIMES,
        AUTHENTIC_TIME: _TIMES,
        **dict.fromkeys(
            (name for name in _FURTHER if media_type == COSE or isinstance(name, str)),
            ("x", b"x", 1, None, False, [1], {"a": "b"}),
        ),
    }  # fmt: skip
    for name, possible in values.items():
        for value in possible:
            if _fits(media_type, value):
                yield {name: value}
                if name not in (algorithm, critical, content_type, SCHEME):
                    yield {name: value, critical: [name, SCHEME]}


def headers(chain: TestChain, media_type: str) -> Iterator[tuple[str, bytes]]:
    """Envelopes around the good payload, by what is special about their protected headers."""
    for changes in _headers(media_type):
        shown = {name: "absent" if value is ABSENT else value for name, value in changes.items()}
        yield f"header {shown}", build(chain, media_type, changes, payload())


def _unsigned_of_jws(chain: TestChain) -> Iterator[tuple[str, bytes]]:
    good = jws_header(chain)
    for name in (OTHER, "x5c", "kid", "alg", "crit", "cty", SCHEME, TIME, EXPIRY, AGENT, TIMESTAMP, "X5C", ""):
        for value in (ABSENT, None, "", "x", 1, [], ["x"], {}):
            shown = "absent" if value is ABSENT else value
            yield f"unprotected {name}: {shown!r}", build_jws(chain, good, payload(), unprotected={name: value})
            yield f"top {name}: {shown!r}", build_jws(chain, good, payload(), top={name: value})
    for name in ("payload", "protected", "header", "signature", "signatures", "Payload"):
        for value in (ABSENT, None, "", "x", 1, [], {}):
            shown = "absent" if value is ABSENT else value
            yield f"top {name}: {shown!r}", build_jws(chain, good, payload(), top={name: value})
    envelope = build_jws(chain, good, payload()).decode()
    for old, new in (
        ('"payload": "', '"payload": "\\n'), ('"signature": "', '"signature": " '), ('"}', '="}'),
        ('"payload"', '"PAYLOAD"'), ('{"payload"', '{"payload": "", "payload"'), ('"header"', '"Header"'),
        ('"protected"', '"\\u0070rotected"'),
    ):  # fmt: skip
        yield f"text {old} -> {new}", envelope.replace(old, new, 1).encode()
    for behind in ("x", "{}", "\n", "\0", envelope):
        yield f"behind it: {behind[:5]!r}", (envelope + behind).encode()


def _unsigned_of_cose(chain: TestChain) -> Iterator[tuple[str, bytes]]:
    good = cose_header(chain)
    for name in (OTHER, 33, 1, 2, 3, 4, 5, 6, 7, 9, 16, SCHEME, TIME, EXPIRY, AGENT, TIMESTAMP, "", 1000):
        for value in (ABSENT, None, "", "x", 1, [], b"x", [b"x"], {}):
            shown = "absent" if value is ABSENT else value
            yield f"unprotected {name!r}: {shown!r}", build_cose(chain, good, payload(), unprotected={name: value})
    for place in range(5):
        for value in (ABSENT, None, "", b"", 1, [], {}):
            shown = "absent" if value is ABSENT else value
            yield f"part {place}: {shown!r}", build_cose(chain, good, payload(), parts={place: value})
    for tag in (None, 17, 19, 98, 55799):
        yield f"tag {tag}", build_cose(chain, good, payload(), tag=tag)
    envelope = build_cose(chain, good, payload())
    countersignature = [cbor2.dumps({1: -7}), {}, b"x"]
    for name, value in ((7, countersignature), (7, [countersignature]), (9, b"x"), (11, countersignature), (12, b"x")):
        yield f"countersignature {name}", build_cose(chain, good, payload(), unprotected={name: value})
    yield "tagged twice", b"\xd2" + envelope
    yield "tagged as CBOR", b"\xd9\xd9\xf7" + envelope
    for behind in (b"x", b"\0", envelope):
        yield f"behind it: {behind[:5]!r}", envelope + behind


def unsigned(chain: TestChain, media_type: str) -> Iterator[tuple[str, bytes]]:
    """Envelopes around the good payload and header, by what is special about the rest."""
    return _unsigned_of_jws(chain) if media_type == JWS else _unsigned_of_cose(chain)
