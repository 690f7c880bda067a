"""The OCI content descriptor: what it must have, what it may have, and when two speak of the same content."""

import hashlib
from typing import Any

import pytest

from notarykit._internal.strict_json import DocumentError, Members
from notarykit.envelope.descriptor import Descriptor, check_digest, digest_of, is_media_type
from tests.support.envelopes import DIGEST, TARGET

_HEX = "0123456789abcdef" * 8


@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("sha384", 96), ("sha512", 128)])
def test_digest_of_each_algorithm(algorithm: str, digits: int) -> None:
    """A digest of each algorithm is well formed with its own number of digits and with no other."""
    assert check_digest(f"{algorithm}:{_HEX[:digits]}") == f"{algorithm}:{_HEX[:digits]}"
    assert digest_of(b"content", algorithm) == f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}"
    for wrong in (digits - 1, digits + 1, 0):
        with pytest.raises(ValueError, match=f"does not have {digits} lower-case"):
            check_digest(f"{algorithm}:{(_HEX * 2)[:wrong]}")


@pytest.mark.requirement("signature:payload-blob-digest")
@pytest.mark.parametrize(
    "digest",
    [
        "", ":", "sha256", _HEX[:64], "sha1:" + _HEX[:40], "md5:" + _HEX[:32], "SHA256:" + _HEX[:64],
        "sha256:" + _HEX[:64].upper(), "sha256:" + _HEX[:63] + "g", "sha256:" + _HEX[:63] + "\n",
        " sha256:" + _HEX[:64], "sha256:" + _HEX[:64] + " ", "sha256::" + _HEX[:63], "sha512:" + _HEX[:64],
        "sha256:" + "\u0661" * 64, "sha256-" + _HEX[:64], "sha256:../../../../etc/passwd",
    ],
)  # fmt: skip
def test_other_digests_are_refused(digest: str) -> None:
    """A digest that cannot be checked or is not well formed is refused by name."""
    with pytest.raises(ValueError, match="digest "):
        check_digest(digest)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mediaType": None}, "'mediaType' must be a string"),
        ({"mediaType": ""}, "'mediaType' must not be empty"),
        ({"digest": 1}, "'digest' must be a string"),
        ({"digest": "sha256:00"}, "hexadecimal"),
        ({"size": -1}, "'size' must not be negative"),
        ({"size": 1.0}, "'size' must be an integer"),
        ({"size": True}, "'size' must be an integer"),
        ({"size": "1"}, "'size' must be an integer"),
        ({"annotations": []}, "'annotations' must be an object"),
        ({"annotations": {"a": 1}}, "'annotations': 'a' must be a string"),
        ({"artifactType": 1}, "'artifactType' must be a string"),
    ],
)
def test_malformed_member_is_refused(changes: dict[str, Any], problem: str) -> None:
    """A member of a wrong type or form is refused by name."""
    with pytest.raises(DocumentError, match=problem):
        Descriptor.from_json(Members({**TARGET, **changes}, "target"))


@pytest.mark.requirement("signature:payload-oci-descriptor")
@pytest.mark.parametrize("member", ["mediaType", "digest", "size"])
def test_missing_member_is_refused(member: str) -> None:
    """Media type, digest and size are required."""
    rest = {name: value for name, value in TARGET.items() if name != member}
    with pytest.raises(DocumentError, match=f"target has no member '{member}'"):
        Descriptor.from_json(Members(rest, "target"))


def test_members_are_read_and_written() -> None:
    """What is read is written again, and members that nobody knows are left aside."""
    members = {**TARGET, "annotations": {"k": "v"}, "artifactType": "a/b"}
    read = Descriptor.from_json(Members({**members, "urls": [], "platform": {}}, "target"))
    assert read == Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 16724, {"k": "v"}, "a/b")
    assert read.to_json() == members
    assert list(read.to_json()) == ["mediaType", "digest", "size", "annotations", "artifactType"]
    assert Descriptor.from_json(Members(dict(TARGET), "target")).to_json() == TARGET


def test_same_content_ignores_other_members() -> None:
    """Two descriptors are of the same content if media type, digest and size are equal, whatever else they say."""
    one = Descriptor("a/b", DIGEST, 5, {"k": "v"})
    assert one.is_same_content(Descriptor("a/b", DIGEST, 5))
    assert not one.is_same_content(Descriptor("a/c", DIGEST, 5, {"k": "v"}))
    assert not one.is_same_content(Descriptor("a/b", DIGEST, 6, {"k": "v"}))
    assert not one.is_same_content(Descriptor("a/b", digest_of(b""), 5, {"k": "v"}))


def test_bare_descriptor() -> None:
    """Without annotations and artifact type a descriptor is of the same content still."""
    whole = Descriptor("a/b", DIGEST, 5, {"k": "v"}, "a/type")
    assert (whole.bare, whole.bare.is_same_content(whole)) == (Descriptor("a/b", DIGEST, 5), True)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_descriptor_matches_its_content_alone(algorithm: str) -> None:
    """A descriptor describes content of its size and digest and no other."""
    descriptor = Descriptor("a/b", digest_of(b"content", algorithm), 7)
    assert descriptor.describes(b"content")
    assert not descriptor.describes(b"Content")
    assert not descriptor._replace(size=8).describes(b"content")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("application/vnd.oci.image.manifest.v1+json", True), ("a/b", True), ("1/!#$&^_.+-".replace("/!", "/x!"), True),
        ("a" * 127 + "/" + "b" * 127, True), ("a" * 128 + "/b", False), ("a/" + "b" * 128, False), ("", False),
        ("a", False), ("a/", False), ("/b", False), ("a/b/c", False), ("a/b;c=d", False), ("a /b", False),
        ("a/b\n", False), (".a/b", False), ("a/*", False),
    ],
)  # fmt: skip
def test_media_type_has_the_form_of_rfc_6838(text: str, is_one: bool) -> None:
    """The form of a media type is that of RFC 6838."""
    assert is_media_type(text) is is_one
