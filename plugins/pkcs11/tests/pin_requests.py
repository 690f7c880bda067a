"""Requests for the PIN of a token, and the secrecy of their errors."""

from notarykit.errors import NotarykitError
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.pin.source import PinSource

SECRET = "swordfish"


def get_pin(query: str = "", /, **config: str) -> str:
    """Returns the PIN by the query of a URI and the plugin's settings."""
    uri = parse_uri(f"pkcs11:object=x?{query}" if query else "pkcs11:object=x")
    return PinSource(uri, config).get("token 'a'")


def shown_error(error: NotarykitError) -> str:
    """Returns the error as shown, without the secret."""
    shown = error.one_line()
    assert SECRET not in shown
    return shown
