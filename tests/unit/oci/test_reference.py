"""References into registries and layouts."""

import re

import pytest

from notarykit.errors import UsageError
from notarykit.oci.reference import (
    LayoutReference,
    Reference,
    is_repository,
    parse_layout_reference,
    parse_reference,
)

_DIGEST = "sha256:73c803930ea3ba1e54bc25c2bdc53edd0284c62ed651fe7b00369da519a3c333"
_LONG = "sha512:" + "0123456789abcdef" * 8


@pytest.mark.parametrize(
    "name",
    [
        "registry.example.com/a", "localhost/a", "localhost:5000/a", "127.0.0.1:5000/a/b/c", "Registry.Example.COM/a",
        "a/b", "r.io/a.b/c_d/e__f/g-h/i--j", "r-1.io/0", "xn--bcher-kva.example/a", "docker.io/library/registry",
    ],
)  # fmt: skip
def test_repositories(name: str) -> None:
    """A registry's host with an optional port, and at least one part in lower case."""
    assert is_repository(name)
    assert parse_reference(f"{name}:v1") == Reference(name, "v1", "")
    assert parse_reference(f"{name}@{_DIGEST}") == Reference(name, "", _DIGEST)
    assert str(parse_reference(f"{name}:v1")) == f"{name}:v1"
    assert str(parse_reference(f"{name}@{_DIGEST}")) == f"{name}@{_DIGEST}"


@pytest.mark.parametrize(
    "name",
    [
        "", "a", "registry.example.com", "/a", "a/", "a//b", "r.io/A", "r.io/a..b", "r.io/a___b", "r.io/_a", "r.io/a_",
        "r.io/a*", "*/a", "-r.io/a", "r-.io/a", ".r.io/a", "r..io/a", "r.io:/a", "r.io:x/a", "https://r.io/a",
        "r.io/a b", " r.io/a", "r.io/a ", "r.io/a\n", "[::1]:5000/a", "r.io/é", "é.io/a", "user@r.io/a", "r.io\\a",
    ],
)  # fmt: skip
def test_malformed_repositories(name: str) -> None:
    """What is not a repository in full is refused, whatever follows it."""
    assert not is_repository(name)
    for suffix in (":v1", f"@{_DIGEST}"):
        with pytest.raises(UsageError, match=re.escape(f"reference {name + suffix!r} ")) as caught:
            parse_reference(name + suffix)
        assert caught.value.exit_code == 2


def test_the_digest_counts_beside_a_tag() -> None:
    """Where there are both, the tag is dropped."""
    assert parse_reference(f"localhost:5000/a:v1@{_LONG}") == Reference("localhost:5000/a", "", _LONG)


@pytest.mark.parametrize("tag", ["a", "_", "9", "v1.0-rc_2", "A" * 128])
def test_tags(tag: str) -> None:
    """A tag has up to 128 letters, digits and three signs, and starts with neither dot nor dash."""
    assert parse_reference(f"r.io/a:{tag}").tag == tag


@pytest.mark.parametrize("tag", ["", ".a", "-a", "A" * 129, "a b", "a*", "é", "a\n"])
@pytest.mark.parametrize("suffix", ["", f"@{_DIGEST}"])
def test_malformed_tags(tag: str, suffix: str) -> None:
    """A malformed tag is refused, even beside a digest."""
    text = f"r.io/a:{tag}{suffix}"
    with pytest.raises(UsageError, match=re.escape(f"reference {text!r} has a malformed tag")):
        parse_reference(text)


_BAD_DIGESTS = [
    "",
    "sha256",
    "sha256:",
    _DIGEST[:-1],
    _DIGEST + "0",
    _DIGEST.upper(),
    "md5:" + "0" * 32,
    _DIGEST + "\n",
]


@pytest.mark.parametrize("digest", [*_BAD_DIGESTS, f"{_DIGEST}@{_DIGEST}"])
def test_malformed_digests(digest: str) -> None:
    """A malformed digest, or one of an algorithm that is not known, is refused."""
    with pytest.raises(UsageError, match=r"^reference "):
        parse_reference(f"r.io/a@{digest}")


@pytest.mark.parametrize("text", ["r.io/a", "localhost:5000/a"])
def test_neither_tag_nor_digest(text: str) -> None:
    """No tag is assumed; the port of a host is none."""
    with pytest.raises(UsageError, match="has neither tag nor digest") as caught:
        parse_reference(text)
    assert caught.value.advice == "write registry/repository@digest"


@pytest.mark.parametrize(
    ("text", "path", "tag", "digest"),
    [
        ("layout:v1", "layout", "v1", ""),
        ("./a/layout:v1", "./a/layout", "v1", ""),
        ("/a b/layout.tar:v1", "/a b/layout.tar", "v1", ""),
        (f"layout@{_DIGEST}", "layout", "", _DIGEST),
        (f"/home/me@work/layout@{_DIGEST}", "/home/me@work/layout", "", _DIGEST),
        ("/home/me@work/layout:v1", "/home/me@work/layout", "v1", ""),
        ("/home/me@a:b/layout:v1", "/home/me@a:b/layout", "v1", ""),
        (r"C:\layouts\one:v1", r"C:\layouts\one", "v1", ""),
        ("a:b:v1", "a:b", "v1", ""),
        ("layout:v 1+x", "layout", "v 1+x", ""),
        (f"layout:v1@{_LONG}", "layout:v1", "", _LONG),
    ],
)
def test_layout_references(text: str, path: str, tag: str, digest: str) -> None:
    """The last mark counts, so that a path may hold the others; any text in a layout's index may be a tag."""
    found = parse_layout_reference(text)
    assert found == LayoutReference(path, tag, digest)
    assert str(found) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has neither tag nor digest"),
        ("layout", "has neither tag nor digest"),
        ("/a:b/layout", "has neither tag nor digest"),
        (r"C:\layout", "has neither tag nor digest"),
        ("layout:", "has an empty tag"),
        (":v1", "has no path"),
        (f"@{_DIGEST}", "has no path"),
        (f"layout@{_DIGEST[:-1]}", "does not have 64 lower-case hexadecimal digits"),
        ("layout@sha1:00", "is not of sha256, sha384 or sha512"),
    ],
)
def test_malformed_layout_references(text: str, message: str) -> None:
    """A path without tag or digest, and the other way round, is refused."""
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        parse_layout_reference(text)
    assert caught.value.exit_code == 2
