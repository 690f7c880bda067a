"""Redaction of what a service quotes."""

import base64
import json

import pytest

from notarykit.plugin import Redactor


def _web_token() -> str:
    """Returns a JSON web token, as RFC 7519, section 3.1, composes one."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, {"sub": "me"})]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"signature"))


def test_secret_that_was_sent_is_replaced() -> None:
    """A remembered secret disappears wherever it stands, as often as it does."""
    redactor = Redactor()
    redactor.remember("swordfish", None, "")
    assert redactor.show("bad swordfish: 'swordfish'") == "bad …: '…'"


def test_longer_secret_is_replaced_as_a_whole() -> None:
    """A secret that begins with another leaves no rest of itself."""
    redactor = Redactor()
    redactor.remember("sword", "swordfish")
    assert redactor.show("swordfish sword") == "… …"


def test_oldest_secret_is_forgotten_first() -> None:
    """Beyond the capacity, a secret that was sent again lately stays."""
    redactor = Redactor(capacity=2)
    for secret in ("first", "second", "first", "third"):
        redactor.remember(secret)
    assert redactor.show("first second third") == "… second …"


@pytest.mark.parametrize("text", ["s.0123456789abcdef0123", _web_token()])
def test_what_looks_like_a_secret_is_replaced(text: str) -> None:
    """Text of a secret's form is replaced, though it was never sent; a JSON web token without being named."""
    assert Redactor(r"\bs\.[\w-]{16,}").show(f"permission for {text} denied") == "permission for … denied"


def test_text_is_one_printable_line() -> None:
    """Line ends become blanks, and control characters of a terminal question marks."""
    assert Redactor().show(" a\r\n\tb \x1b[31mred\u202e") == "a b ?[31mred?"


def test_long_text_is_cut() -> None:
    """A text beyond the limit ends with an ellipsis."""
    assert Redactor().show("x" * 10, 10) == "x" * 10
    assert Redactor().show("x" * 11, 10) == "x" * 10 + "…"
    assert len(Redactor().show("x" * 1000)) == 301


def test_secret_at_the_cut_leaves_no_part() -> None:
    """A secret is replaced before the text is cut."""
    redactor = Redactor()
    redactor.remember("swordfish")
    assert redactor.show("xxxx swordfish", 8) == "xxxx …"
