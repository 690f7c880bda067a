"""References into registries and layouts."""

import re
from pathlib import Path

import pytest

from notarykit.errors import UsageError
from notarykit.oci.reference import (
    Digest,
    LayoutReference,
    Reference,
    Tag,
    is_scope,
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
        "[::1]/a", "[2001:db8::1]:5000/a/b", "[2001:DB8::1]/a", "localhost:99999/a", f"r.io/{'a' * 300}",
    ],
)  # fmt: skip
def test_repositories(name: str) -> None:
    """A registry's host with an optional port, and at least one part in lower case."""
    assert is_scope(name)
    for identifier in (Tag("v1"), Digest(_DIGEST)):
        reference = parse_reference(f"{name}{identifier.suffix}")
        assert (reference.registry, reference.name) == tuple(name.split("/", 1))
        assert (reference.scope, reference.identifier) == (name, identifier)
        assert type(reference.identifier) is type(identifier)
    assert str(parse_reference(f"{name}:v1")) == f"{name}:v1"
    assert str(parse_reference(f"{name}@{_DIGEST}")) == f"{name}@{_DIGEST}"


@pytest.mark.parametrize(
    "name",
    [
        "", "a", "registry.example.com", "/a", "a/", "a//b", "r.io/A", "r.io/a..b", "r.io/a___b", "r.io/_a", "r.io/a_",
        "r.io/a*", "*/a", "-r.io/a", "r-.io/a", ".r.io/a", "r..io/a", "r.io:/a", "r.io:x/a", "https://r.io/a",
        "r.io/a b", " r.io/a", "r.io/a ", "r.io/a\n",
        "[::1/a", "::1/a", "[]/a", "[fe80::1%25eth0]/a", "[::ffff:10.0.0.1]/a",
        "[::1]x/a", "[::1]:/a", "my_registry:5000/a", "r.io./a", "r.io/é", "é.io/a", "user@r.io/a", "r.io\\a",
    ],
)  # fmt: skip
def test_malformed_repositories(name: str) -> None:
    """What is not a repository in full is refused, whatever follows it."""
    assert not is_scope(name)
    for suffix in (":v1", f"@{_DIGEST}"):
        with pytest.raises(UsageError, match=re.escape(f"reference {name + suffix!r} ")) as caught:
            parse_reference(name + suffix)
        assert caught.value.exit_code == 2


def test_the_digest_counts_beside_a_tag() -> None:
    """Where there are both, the tag is dropped."""
    assert parse_reference(f"localhost:5000/a:v1@{_LONG}") == Reference("localhost:5000", "a", Digest(_LONG))


@pytest.mark.parametrize("tag", ["a", "_", "9", "v1.0-rc_2", "A" * 128])
def test_tags(tag: str) -> None:
    """A tag has up to 128 letters, digits and three signs, and starts with neither dot nor dash."""
    assert parse_reference(f"r.io/a:{tag}").identifier == Tag(tag)


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


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("https://r.io/a:v1", "leave out what is before the registry's name"),
        ("oci://r.io/a:v1", "leave out what is before the registry's name"),
        ("docker://r.io/a:v1", "leave out what is before the registry's name"),
        ("alpine:3", "write docker.io/library/NAME for an official image of Docker Hub, or add --oci-layout"),
        (f"alpine@{_DIGEST}", "write docker.io/library/NAME for an official image of Docker Hub, or add --oci-layout"),
        ("my_registry:5000/a:v1", "a registry's name has no underscore: "),
        ("r.io/A:v1", "write repositories in lower case"),
        ("r.io//a:v1", "write registry/repository@digest, or add --oci-layout if it is an image layout (in Python: "),
    ],
)
def test_what_to_write_instead(text: str, advice: str) -> None:
    """A frequent mistake gets the advice that mends it."""
    with pytest.raises(UsageError, match=re.escape(f"reference {text!r} is malformed")) as caught:
        parse_reference(text)
    assert caught.value.advice.startswith(advice)


@pytest.mark.parametrize("algorithm", [("sha256", 64), ("sha384", 96), ("sha512", 128)])
def test_algorithms(algorithm: tuple[str, int]) -> None:
    """Digests of the three algorithms are taken, beside a tag too."""
    name, digits = algorithm
    digest = f"{name}:{'0a' * (digits // 2)}"
    assert parse_reference(f"r.io/a:v1@{digest}") == Reference("r.io", "a", Digest(digest))
    assert parse_layout_reference(f"layout@{digest}") == LayoutReference("layout", Digest(digest))
    with pytest.raises(UsageError, match=f"does not have {digits} lower-case hexadecimal digits"):
        parse_reference(f"r.io/a@{digest}0a")


@pytest.mark.parametrize("text", ["r.io/a", "localhost:5000/a"])
def test_neither_tag_nor_digest(text: str) -> None:
    """No tag is assumed; the port of a host is none."""
    with pytest.raises(UsageError, match="has neither tag nor digest") as caught:
        parse_reference(text)
    assert caught.value.advice == "write registry/repository@digest"


@pytest.mark.parametrize(
    ("text", "path", "identifier"),
    [
        ("layout:v1", "layout", Tag("v1")),
        ("./a/layout:v1", "./a/layout", Tag("v1")),
        ("/a b/layout.tar:v1", "/a b/layout.tar", Tag("v1")),
        (f"layout@{_DIGEST}", "layout", Digest(_DIGEST)),
        (f"/home/me@work/layout@{_DIGEST}", "/home/me@work/layout", Digest(_DIGEST)),
        ("/home/me@work/layout:v1", "/home/me@work/layout", Tag("v1")),
        ("/home/me@a:b/layout:v1", "/home/me@a:b/layout", Tag("v1")),
        (r"C:\layouts\one:v1", r"C:\layouts\one", Tag("v1")),
        ("a:b:v1", "a:b", Tag("v1")),
        ("layout:v 1+x", "layout", Tag("v 1+x")),
        (f"layout:v1@{_LONG}", "layout:v1", Digest(_LONG)),
    ],
)
def test_layout_references(text: str, path: str, identifier: Tag | Digest) -> None:
    """The last mark counts, so that a path may hold the others; any text in a layout's index may be a tag."""
    found = parse_layout_reference(text)
    assert found == LayoutReference(path, identifier)
    assert type(found.identifier) is type(identifier)
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


_NAME = "docker.io/library/hello"


@pytest.fixture
def layouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with layouts in folders and in a tar file, and with a folder that is none."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two:2", "me@work/a:b"):
        Path(name).mkdir(parents=True)
        Path(name, "oci-layout").touch()
    Path("one.tar").touch()
    Path("none").mkdir()


@pytest.mark.usefixtures("layouts")
@pytest.mark.parametrize(
    ("path", "identifier"),
    [
        ("one", Tag("v1")),
        ("one", Tag(f"{_NAME}:v1")),
        ("one", Tag(_NAME)),
        ("one", Tag("localhost:5000/hello:v1")),
        ("one", Tag("[::1]:5000/hello:v1")),
        ("one", Tag("a@b")),
        ("one", Tag("me@here/hello")),
        ("one", Tag("a\\b")),
        ("one", Tag(":v1")),
        ("one", Tag("v1:")),
        ("./one", Tag(f"{_NAME}:v1")),
        ("one.tar", Tag(f"{_NAME}:v1")),
        ("two:2", Tag("v1")),
        ("two:2", Tag(f"{_NAME}:v1")),
        ("me@work/a:b", Tag(f"{_NAME}:v1")),
        ("one", Tag("sha256:v1")),
        ("one", Digest(_DIGEST)),
        ("two:2", Digest(_DIGEST)),
        ("me@work/a:b", Digest(_LONG)),
    ],
)
def test_tags_with_colons_and_slashes(path: str, identifier: Tag | Digest) -> None:
    """Tags as containers' tools write them are told apart from the path, which is a layout."""
    expected = LayoutReference(path, identifier)
    assert parse_layout_reference(str(expected)) == expected


@pytest.mark.usefixtures("layouts")
@pytest.mark.parametrize("tag", ["v1", f"{_NAME}:v1", f"{_NAME}"])
def test_a_digest_counts_beside_a_tag_in_a_layout(tag: str) -> None:
    """Where there are both, the tag is dropped, as in a registry."""
    assert parse_layout_reference(f"one:{tag}@{_DIGEST}") == LayoutReference("one", Digest(_DIGEST))


@pytest.mark.usefixtures("layouts")
def test_two_layouts_that_may_be_meant() -> None:
    """What may be a tag in either of two layouts is refused, and a digest is not."""
    Path("two").mkdir()
    Path("two", "oci-layout").touch()
    for text in ("two:2:v1", f"two:2:v1@{_DIGEST}"):
        with pytest.raises(UsageError) as caught:
            parse_layout_reference(text)
        ways = f"layout reference {text!r} can be understood in 2 ways: 'two' and 'two:2' are there"
        assert (caught.value.message, caught.value.advice) == (ways, "write PATH@DIGEST")
    assert parse_layout_reference(f"two:2@{_DIGEST}") == LayoutReference("two:2", Digest(_DIGEST))
    assert parse_layout_reference("two:2") == LayoutReference("two", Tag("2"))


@pytest.mark.usefixtures("layouts")
def test_folders_that_are_no_layouts() -> None:
    """A folder that is none is no reason to split there."""
    with pytest.raises(UsageError, match="has neither tag nor digest"):
        parse_layout_reference(f"none:{_NAME}")
    assert parse_layout_reference("none:a:v1") == LayoutReference("none:a", Tag("v1"))


@pytest.mark.usefixtures("layouts")
def test_tag_in_a_layout_with_the_form_of_a_digest_is_that_digest() -> None:
    """A digest behind a colon is one, since such a text names nothing else."""
    reference = parse_layout_reference(f"one:{_DIGEST}")
    assert isinstance(reference.identifier, Digest)
    assert str(reference) == f"one@{_DIGEST}"


@pytest.mark.parametrize("text", _BAD_DIGESTS)
def test_malformed_digest_is_never_made(text: str) -> None:
    """A text that is no digest cannot become one."""
    with pytest.raises(UsageError, match=r"^digest '"):
        Digest(text)
