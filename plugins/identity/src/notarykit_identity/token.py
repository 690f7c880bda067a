"""Identity tokens (OpenID Connect Core 1.0, section 2): their claims, and the checks before one is sent.

The signature is not verified here, which is the certificate authority's part: what a token claims decides about errors
alone, and whether the certificate that comes for it names the same identity.
"""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from notarykit.plugin import PluginAccessDeniedError

LARGEST_TOKEN = 16 * 1024
_PARTS = 3
_ENCRYPTED_PARTS = 5
_CLOCK_SKEW = 60.0
_LONGEST = 300


class IdentityToken:
    """Token of a workload. Its text is a secret: it is in no repr, and cannot be pickled.

    Attributes:
        claims: The unverified claims.
        source: Where the token comes from, for messages.
    """

    __slots__ = ("_text", "claims", "source")

    def __init__(self, text: str, source: str) -> None:
        """Parses a token.

        Raises:
            PluginAccessDeniedError: It is no JSON web token, or has no issuer, subject or end.
        """
        self._text = text
        self.source = source
        self.claims = _parse_claims(text, source)
        for name in ("iss", "sub"):
            value = self.claims.get(name)
            if not isinstance(value, str) or not value or not value.isprintable():
                raise PluginAccessDeniedError(
                    f"{source} has no claim {name!r}", advice="use an OpenID Connect ID token"
                )
        if not _is_time(self.claims.get("exp")):
            raise PluginAccessDeniedError(f"{source} does not expire", advice="use an OpenID Connect ID token")

    def __repr__(self) -> str:
        """Shows the identity, and not the token."""
        return f"IdentityToken({self.issuer!r}, {self.subject!r})"

    def __reduce__(self) -> NoReturn:
        """Refuses to be pickled."""
        raise TypeError("identity tokens are secrets and cannot be pickled")

    def reveal(self) -> str:
        """Returns the text, to be sent."""
        return self._text

    @property
    def issuer(self) -> str:
        """Claim `iss`."""
        return str(self.claims["iss"])

    @property
    def subject(self) -> str:
        """Claim `sub`."""
        return str(self.claims["sub"])

    @property
    def audiences(self) -> tuple[str, ...]:
        """Claim `aud`, a text or a list of them (RFC 7519, section 4.1.3)."""
        audience = self.claims.get("aud")
        each = audience if isinstance(audience, list) else [audience]
        return tuple(text for text in each if isinstance(text, str))

    @property
    def seconds_left(self) -> float:
        """Seconds until the token expires, negative after that."""
        return float(self.claims["exp"]) - time.time()

    def check(self, audience: str, issuer: str | None, audience_advice: str, expiry_advice: str) -> None:
        """Checks that the token is for an audience, of an issuer, and valid now.

        Args:
            audience: Audience that it must have: a token for another service is not sent.
            issuer: Issuer that it must have, or None for any.
            audience_advice: What to do if it is for another audience.
            expiry_advice: What to do if it has expired.

        Raises:
            PluginAccessDeniedError: It must not be sent, or would be of no use.
        """
        if audience not in self.audiences:
            found = ", ".join(map(shown, self.audiences)) or "nobody"
            raise PluginAccessDeniedError(
                f"{self.source} is for {found} and not for the audience {audience!r}, so it is not sent",
                advice=audience_advice,
            )
        if issuer is not None and self.issuer != issuer:
            raise PluginAccessDeniedError(
                f"{self.source} is of the issuer {shown(self.issuer)}, not of {issuer!r}", advice="check issuer"
            )
        if self.seconds_left <= 0:
            raise PluginAccessDeniedError(
                f"{self.source} expired {-self.seconds_left:.0f} seconds ago", advice=expiry_advice
            )
        not_before = self.claims.get("nbf", 0)
        if _is_time(not_before) and not_before - time.time() > _CLOCK_SKEW:
            raise PluginAccessDeniedError(
                f"{self.source} is not valid for another {not_before - time.time():.0f} seconds",
                advice="check this machine's clock",
            )


def shown(text: str) -> str:
    """Returns a claim or a name in quotes, fit for a message."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _parse_claims(text: str, source: str) -> Mapping[str, Any]:
    advice = "it must be a JSON web token, as the issuer made it"
    if len(text) > LARGEST_TOKEN:
        raise PluginAccessDeniedError(f"{source} is larger than {LARGEST_TOKEN} bytes", advice=advice)
    parts = text.split(".")
    if len(parts) == _ENCRYPTED_PARTS:
        raise PluginAccessDeniedError(f"{source} is an encrypted token", advice="use one that is only signed")
    claims: Any = None
    try:
        if len(parts) != _PARTS:
            raise ValueError
        claims = json.loads(base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        pass  # the exception quotes the token: what is raised below must not have it as its context
    if not isinstance(claims, dict):
        raise PluginAccessDeniedError(f"{source} is no JSON web token", advice=advice)
    return claims


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
