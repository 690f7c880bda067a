"""References as ORAS takes them apart, which notation asks: where we differ, the table says why."""

import pytest

from notarykit.errors import UsageError
from notarykit.oci.reference import parse_reference
from tests.interop.go_peer import Peer

_DIGEST = f"sha256:{'0a' * 32}"
_LONG = f"sha512:{'0a' * 64}"

NAMES = [
    "registry.example.com/a", "localhost/a", "localhost:5000/a/b-c/d__e", "127.0.0.1:5000/a", "[::1]/a", "[::1]:5000/a",
    "[2001:db8::1]/a", "Registry.Example.COM/a", "a/b", "docker.io/library/alpine", "docker.io/alpine",
    "localhost:99999/a", f"r.io/{'a' * 300}", "", "a", "registry.example.com", "/a", "a/", "a//b", "r.io/A",
    "r.io/a..b",     "r.io/a___b", "r.io/_a", "r.io/a_", "r.io/a*", "r.io:x/a", "https://r.io/a", "r.io/a b", "r.io/é",
    "[::1/a", "[]/a",
    "[fe80::1%25eth0]/a", "user@r.io/a", "[::1]x/a",
]  # fmt: skip
ENDS = [":v1", f"@{_DIGEST}", f":v1@{_DIGEST}", f"@{_LONG}", f"@sha384:{'0a' * 48}", ":.v1", f":{'a' * 129}", ":", "@"]
ENDS += [f"@{_DIGEST[:-1]}", f"@{_DIGEST.upper()}", "@md5:d41d8cd98f00b204e9800998ecf8427e", "@v1"]
REFERENCES = [*(f"{name}:v1" for name in NAMES), *(f"registry.example.com/a{end}" for end in ENDS)]

# What ORAS takes and we do not.
REFUSED = {
    "my_registry:5000/a:v1": "neither Docker nor a trust policy takes an underscore in a registry's name",
    "r.io./a:v1": "neither does a dot at its end",
    "-r.io/a:v1": "nor a dash at its beginning",
    "r.io:/a:v1": "nor a colon without a port",
    "registry.example.com/a:.v1@" + _DIGEST: "a malformed tag is a mistake, even beside a digest",
}  # fmt: skip


def _ours(text: str) -> tuple[str, str] | None:
    try:
        reference = parse_reference(text)
    except UsageError:
        return None
    return reference.scope, str(reference.identifier)


def _theirs(peer: Peer, text: str) -> tuple[str, str] | None:
    answer = peer.ask("parseReference", reference=text)
    return (answer["repository"], answer["reference"]) if answer["ok"] and answer["reference"] else None


@pytest.mark.parametrize("text", REFERENCES)
def test_references(peer: Peer, text: str) -> None:
    """Both sides take a reference apart alike, or refuse it; ORAS leaves one without tag and digest to its caller."""
    assert _ours(text) == _theirs(peer, text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_only_oras_takes(peer: Peer, text: str) -> None:
    """What ORAS takes is refused here for the reason in the table."""
    assert _theirs(peer, text) is not None
    assert _ours(text) is None
