"""Findings of the doctor about the token and its issuer, which say more than a refusal of the certificate authority."""

from collections.abc import Iterator, Mapping

from notarykit.errors import NotarykitError
from notarykit.plugin import OK, WARNING, Finding
from notarykit_identity.issuer import check_signature
from notarykit_identity.settings import parse_settings
from notarykit_identity.token_request import get_checked_token


def walk(key_id: str, config: Mapping[str, str]) -> Iterator[Finding]:
    """Yields findings about the settings, the token and its issuer; a failure is the last."""
    step = "configuration"
    try:
        settings = parse_settings(key_id, config)
        step = "token"
        token = get_checked_token(settings)
    except NotarykitError as error:
        yield Finding.of_error(step, error)
        return
    yield Finding(
        "token", OK, f"{token.source}: issuer {token.issuer}, subject {token.subject}, valid for "
        f"{token.seconds_left:.0f} seconds",
    )  # fmt: skip
    try:
        check_signature(token, settings.source)
    except NotarykitError as error:
        # The certificate authority may reach an issuer that this machine does not.
        yield Finding("issuer", WARNING, error.message, error.advice or "")
    else:
        yield Finding("issuer", OK, f"{token.issuer} publishes the key of the token's signature")
