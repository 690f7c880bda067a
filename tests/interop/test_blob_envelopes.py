"""Envelopes of blobs, each judged here and by the Go library: the same verdict, or a difference that has a name.

Their signatures hold, so that it is their form that is judged.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.errors import NotarykitError
from tests.interop.blob_scene import BlobScene
from tests.interop.cases import blob_envelopes as cases
from tests.interop.differences import Difference, Kind, laxer, stricter
from tests.interop.go_peer import Peer
from tests.support.envelopes import COSE, EXPIRY, FORMATS, JWS, SCHEME, build, build_cose, build_jws, epoch
from tests.support.mutants import Parts, mutants, other_bytes

# By what the side that refuses says. Each must be seen.
DIFFERENCES: dict[str, Difference] = {
    **stricter(
        'Signature specification, "Extended attributes": what is critical has to be processed',
        "critical attribute .* is not known",
    ),
    **stricter(
        "RFC 7515, section 7.2.1, and RFC 9052, section 3: a name is in one header", "both protected and unprotected"
    ),
    **stricter(
        'JWS and COSE envelope specifications, "crit": what may be listed',
        "crit must not name", "names a header twice", "which is informational", "names the registered header",
    ),
    **stricter("RFC 7797, section 6: an implementation without b64 refuses it", "'b64' is not supported"),
    **stricter('JWS envelope specification: "no additional top level fields are supported"', "has the unknown member"),
    **stricter(
        'Signature specification, "Signing Time": not for the scheme notary.x509',
        "authenticSigningTime is present, but", "authenticSigningTime is not an epoch-based time",
    ),
    **stricter(
        "JWS and COSE envelope specifications: the types of unsigned attributes",
        "signingAgent.* (is not|must be)", "timestampSignature.* (is not|must be|must not be)",
    ),
    **stricter("RFC 8949, section 3.4.2: a time is finite", "NaN", "too large"),
    **stricter("a limit of the house: Python has no year 0", "year 0 is out of range"),
    **stricter("RFC 8259, section 4: behaviour is unpredictable where names are not unique", "occurs twice"),
    **stricter("RFC 8259, sections 8.1 and 8.2: UTF-8, of whole characters", "not UTF-8", "half of a surrogate pair"),
    **stricter("RFC 8259, section 8.3: names are compared code unit by code unit", "looks like"),
    **stricter(
        'Signature specification, "Payload": "MUST contain mediaType, digest, and size fields"',
        "has no member 'mediaType'", "'mediaType' must not be empty",
    ),
    **stricter("OCI image specification, descriptor.md: the types of members", "must be .*, not null"),
    **stricter("RFC 9596, section 2: a media type, or the number of one", "neither a media type nor"),
    **stricter(
        'COSE envelope specification, "Unprotected Headers": those that are supported', "is a countersignature"
    ),
    **laxer("RFC 3339, section 5.6: T and Z may be in lower case", "cannot parse"),
}  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> BlobScene:
    """A signer whom both sides trust, and the blob."""
    return BlobScene(tmp_path_factory.mktemp("blob"))


@pytest.fixture(scope="module")
def blob(scene: BlobScene) -> Path:
    """The blob of the payloads."""
    return scene.file("release", cases.CONTENT)


class Judges:
    """Both sides, under a policy that logs what depends on the time."""

    def __init__(self, peer: Peer, scene: BlobScene, blob: Path) -> None:
        self._peer = peer
        self._scene = scene
        self._blob = blob

    def difference(self, media_type: str, envelope: bytes) -> str:
        """The pattern of the difference in what they say of an envelope, or an empty text if there is none."""
        question = self._scene.question(envelope, level="permissive", identities=["*"])._replace(
            media_type=media_type, blob=self._blob, content_type="", metadata={}
        )
        there = question.ask_peer(self._peer)
        refusal = ""
        try:
            question.ask_us()
        except NotarykitError as error:
            refusal = error.one_line()
        if bool(refusal) is not there["ok"]:
            return ""
        kind = Kind.STRICTER if refusal else Kind.LAXER
        text = refusal or there["error"]
        reasons = [pattern for pattern, each in DIFFERENCES.items() if each.kind is kind and re.search(pattern, text)]
        assert reasons, (kind, text, envelope)
        return reasons[0]


@pytest.fixture(scope="module")
def judges(blob_peer: Peer, scene: BlobScene, blob: Path) -> Judges:
    """Both sides."""
    return Judges(blob_peer, scene, blob)


def _envelopes(scene: BlobScene, media_type: str) -> Iterator[tuple[str, bytes]]:
    for what, payload in cases.PAYLOADS.items():
        yield what, build(scene.chain, media_type, None, payload)
    yield from cases.headers(scene.chain, media_type)
    yield from cases.unsigned(scene.chain, media_type)


def test_envelopes_of_the_table(judges: Judges, scene: BlobScene) -> None:
    """Both accept or refuse each envelope, but for the differences of the table."""
    found = {
        judges.difference(media_type, envelope)
        for media_type in FORMATS
        for _, envelope in _envelopes(scene, media_type)
    }
    assert found == {"", *DIFFERENCES}


@pytest.fixture(scope="module")
def seeds(scene: BlobScene) -> dict[str, bytes]:
    """A good envelope of each format with an expiry and attributes of several kinds."""
    attributes = {"com.example.text": "value", "com.example.list": [1, True, None, {"a": "b"}]}
    times: dict[str, dict[Any, Any]] = {
        JWS: {EXPIRY: "2099-04-06T07:01:20Z", "crit": [SCHEME, EXPIRY]},
        COSE: {EXPIRY: epoch(4078000000), 2: [SCHEME, EXPIRY]},
    }
    return {
        media_type: build(scene.chain, media_type, {**attributes, **times[media_type]}, cases.payload())
        for media_type in FORMATS
    }


def _signed_again(scene: BlobScene, media_type: str, parts: Parts) -> bytes:
    """An envelope of these parts, but for the signature, which is made for them."""
    make = build_jws if media_type == JWS else build_cose
    return make(scene.chain, parts.protected, parts.payload)


@given(st.data())
@settings(max_examples=1500)
def test_mutants(judges: Judges, scene: BlobScene, seeds: dict[str, bytes], data: st.DataObject) -> None:
    """So it is with mutants, as they are and signed again, so that it is their form that is judged."""
    media_type, parts, mutant = data.draw(mutants(seeds))
    judges.difference(media_type, mutant)
    judges.difference(media_type, _signed_again(scene, media_type, parts))


@given(st.sampled_from(FORMATS), st.data())
@settings(max_examples=500)
def test_damaged_envelopes(judges: Judges, seeds: dict[str, bytes], media_type: str, data: st.DataObject) -> None:
    """So it is with envelopes whose bytes are changed, put in, taken out or cut off."""
    judges.difference(media_type, data.draw(other_bytes(seeds[media_type])))
