"""Addresses: what they are, and what of them may be redact_url."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.errors import NetworkError
from notarykit.net.urls import Origin, origin_of, redact_url, resolve_location


@pytest.mark.parametrize(
    ("url", "origin", "netloc"),
    [
        ("https://registry.example.com/v2/", Origin("https", "registry.example.com", 443), "registry.example.com"),
        ("https://Registry.Example.com:443", Origin("https", "registry.example.com", 443), "registry.example.com"),
        ("https://registry.example.com:80/", Origin("https", "registry.example.com", 80), "registry.example.com:80"),
        ("http://localhost:5000/?a=b", Origin("http", "localhost", 5000), "localhost:5000"),
        ("http://127.0.0.1", Origin("http", "127.0.0.1", 80), "127.0.0.1"),
        ("http://[::1]:5000/", Origin("http", "::1", 5000), "[::1]:5000"),
        ("https://[::1]/", Origin("https", "::1", 443), "[::1]"),
    ],
)
def test_origin_of_valid_urls(url: str, origin: Origin, netloc: str) -> None:
    """An origin is scheme, host and port, and a port that goes without saying is not redact_url."""
    assert origin_of(url) == origin
    assert origin.netloc == netloc


@pytest.mark.parametrize(
    "url",
    [
        "", "/token", "token", "//host/token", "ftp://host/", "file:///etc/passwd", "https://", "https:///path",
        "https://user@host/", "https://user:secret@host/", "https://host:99999/", "https://host:port/", "https://[",
        "https://[::1", "https://host/a b", "https://host/\u00e9", "https://h\u00f6st/", "https://host/\r\nHost: other",
        "https://host/\x00", f"https://{'a' * 64}.example.com/", "https://a..b/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_malformed_url_is_refused(url: str) -> None:
    """What is not `https://host/…` is refused, a user's name in it too, and what can be read in two ways."""
    with pytest.raises(NetworkError, match="is not a URL of the form https://host/…") as caught:
        origin_of(url)
    assert "secret" not in caught.value.message
    assert caught.value.message.isprintable()


@given(st.text())
def test_origin_of_never_fails_otherwise(text: str) -> None:
    """Any text is an address or refused with the one kind of error."""
    for url in (text, f"https://{text}", f"https://host{text}"):
        with contextlib.suppress(NetworkError):
            assert origin_of(url).host


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://host/a/b", "https://host/a/b"),
        ("https://host/a?X-Amz-Signature=secret", "https://host/a"),
        ("https://host?secret", "https://host"),
        ("https://host/a#secret", "https://host/a"),
        ("https://user:secret@host/a", "https://host/a"),
        ("https://se?cret@host/", "https://se"),
        ("https://se@cret@host/a@b", "https://host/a@b"),
        ("https://user:pass/secret@host/a", "https://host/a"),
        ("https://user:pass?secret@host/a", "https://host/a"),
        ("https://user:pass#secr/et@host/a", "https://host/a"),
        ("https://user:secret@host/a@b", "https://host/a@b"),
        ("https://host:5000/a@b", "https://host:5000/a@b"),
        ("https://[::1]/a@b", "https://[::1]/a@b"),
    ],
)
def test_secrets_are_redacted_from_urls(url: str, text: str) -> None:
    """Neither the query, which may carry a signature, nor a user's name and password are redact_url."""
    assert redact_url(url) == text


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2/x", "https://host:1/v2/x"),
        ("x?y=z", "https://host:1/v2/a/x?y=z"),
        ("https://other/x", "https://other/x"),
        ("//other/x", "https://other/x"),
    ],
)
def test_location_is_resolved(location: str, url: str) -> None:
    """A relative address goes on from where the answer came from."""
    assert resolve_location("https://host:1/v2/a/b?c=d", location) == url


def test_malformed_location_is_refused() -> None:
    """An address that cannot be taken apart is refused, and not repeated."""
    with pytest.raises(NetworkError, match=r"^https://host/a leads to a malformed URL$"):
        resolve_location("https://host/a?b", "https://[secret")
