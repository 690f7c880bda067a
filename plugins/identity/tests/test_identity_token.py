"""Identity tokens: what is read of them, what keeps one from being sent, and that no text shows one."""

import base64
import json
import pickle
import time
import traceback
from typing import Any

import pytest

from notarykit.errors import PluginAccessDeniedError
from notarykit_identity.fulcio import subjects_of
from notarykit_identity.token import LARGEST_TOKEN, IdentityToken
from tests.servers.identity.issuer import AUDIENCE, SUBJECT, Signer, claims_of, encode

_SIGNER = Signer()
_URL = "https://issuer.example"


def _text(**changes: Any) -> str:
    return _SIGNER.sign(claims_of(_URL, **changes))


def _check(text: str, issuer: str | None = None) -> None:
    IdentityToken(text, "the token").check(AUDIENCE, issuer, "ask for another audience", "get a new one")


def test_claims_are_read() -> None:
    """Issuer, subject, audiences and the time that is left are those of the token."""
    token = IdentityToken(_text(aud=[AUDIENCE, "other"]), "the token")
    assert (token.issuer, token.subject, token.audiences) == (_URL, SUBJECT, (AUDIENCE, "other"))
    assert 590 < token.seconds_left <= 600
    _check(_text(), _URL)


@pytest.mark.parametrize(
    ("changes", "reason", "advice"),
    [
        ({"aud": "sts.amazonaws.com"}, "is for 'sts.amazonaws.com' and not for the audience", "another audience"),
        ({"aud": []}, "is for nobody", "another audience"),
        ({"aud": [AUDIENCE + "x"]}, "not for the audience", "another audience"),
        ({"exp": -90}, "expired 9[0-9] seconds ago", "get a new one"),
        ({"nbf": 3600}, "is not valid for another 3(59[0-9]|600) seconds", "clock"),
        ({"iss": "https://other.example"}, "is of the issuer 'https://other.example'", "issuer"),
    ],
)
def test_token_of_no_use_is_not_sent(changes: dict[str, Any], reason: str, advice: str) -> None:
    """Another audience, issuer or time, given here in seconds from now, is found before anybody gets the token."""
    now = int(time.time())
    text = _text(**{name: now + value if name in ("exp", "nbf") else value for name, value in changes.items()})
    with pytest.raises(PluginAccessDeniedError, match=reason) as caught:
        _check(text, _URL)
    assert advice in (caught.value.advice or "")
    assert text not in caught.value.one_line()


@pytest.mark.parametrize("name", ["iss", "sub", "exp"])
@pytest.mark.parametrize("value", [None, "", 7.5e300, True, ["x"], "a\nb"])
def test_token_without_a_usable_claim_is_refused(name: str, value: Any) -> None:
    """A claim that is absent or of a wrong type is no identity."""
    with pytest.raises(PluginAccessDeniedError, match=r"has no claim|does not expire"):
        IdentityToken(_text(**{name: value}), "the token")


def _header(claims: bytes) -> str:
    return f"{encode(b'{}')}.{encode(claims)}.{encode(b'x')}"


@pytest.mark.parametrize(
    "text",
    [
        "swordfish",
        "swordfish.swordfish.swordfish",
        _header(b"[]"),
        _header(b'"swordfish"'),
        _header(b"{"),
        _header(b"[" * 100_000)[: LARGEST_TOKEN - 2] + ".x",
        f"{encode(b'{}')}.{base64.b64encode(json.dumps(claims_of(_URL, sub='swordfish?>')).encode()).decode()}=.x",
        "eyJ.swordfish.c.d.e",
        _header(json.dumps({"swordfish": "x" * LARGEST_TOKEN}).encode()),
    ],
)
def test_text_that_is_no_token_is_refused_without_being_shown(text: str) -> None:
    """What is no signed JSON web token is refused, and appears neither in the error nor in a traceback."""
    with pytest.raises(PluginAccessDeniedError) as caught:
        IdentityToken(text, "the token in file")
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert caught.value.__context__ is None
    assert "swordfish" not in caught.value.one_line()
    assert text not in shown


def test_token_is_in_no_repr_and_cannot_be_pickled() -> None:
    """Who prints or sends the object does not give the token away."""
    text = _text()
    token = IdentityToken(text, "the token")
    assert text not in repr(token)
    assert text.rpartition(".")[2] not in f"{token!r}{token}"
    assert not hasattr(token, "__dict__")
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(token)


@pytest.mark.parametrize(
    ("claims", "others"),
    [
        ({}, []),
        ({"email": "a@acme.example", "email_verified": True}, ["a@acme.example"]),
        ({"email": "a@acme.example"}, []),
        ({"email": "a@acme.example", "email_verified": False}, []),
        ({"email": "a@acme.example", "email_verified": "false"}, []),
        ({"job_workflow_ref": "acme/app/x@refs/heads/main"}, ["https://github.com/acme/app/x@refs/heads/main"]),
        ({"ci_config_ref_uri": "gitlab.com/acme//.x.yml@main"}, ["https://gitlab.com/acme//.x.yml@main"]),
        (
            {"kubernetes.io": {"namespace": "a", "serviceaccount": {"name": "b"}}},
            ["https://kubernetes.io/namespaces/a/serviceaccounts/b"],
        ),
        ({"job_workflow_ref": "a\x1b[2J"}, []),
        ({"email": "\ud800@acme.example", "email_verified": True}, []),
        ({"email": 7, "email_verified": True}, []),
        ({"kubernetes.io": {"namespace": "a", "serviceaccount": {"name": ""}}}, []),
        ({"kubernetes.io": {"namespace": "a", "serviceaccount": None}}, []),
        ({"kubernetes.io": {"serviceaccount": {"name": "b"}}}, []),
        ({"kubernetes.io": 7, "job_workflow_ref": 7, "ci_config_ref_uri": None}, []),
    ],
)
def test_subjects_by_fulcio_follow_from_claims(claims: dict[str, Any], others: list[str]) -> None:
    """An address that nobody verified, and half of a service account, are no subject."""
    assert list(subjects_of(IdentityToken(_text(**claims), "the token"))) == [SUBJECT, *others]
