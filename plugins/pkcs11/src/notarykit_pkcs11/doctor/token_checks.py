"""Diagnosis of a token: mechanisms, login and private keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import TokenFlag

from notarykit.errors import NotarykitError
from notarykit.plugin import CERTIFICATE_CHAIN, FAILED, KEY_SPECS, OK, WARNING, Finding
from notarykit_pkcs11.doctor.key_checks import KeyChecks, supported_methods
from notarykit_pkcs11.key_id import format_uri
from notarykit_pkcs11.pin.source import PinSource
from notarykit_pkcs11.token.objects import CERTIFICATES, PRIVATE_KEYS, PUBLIC_KEYS, id_and_label, read_certificates
from notarykit_pkcs11.token.token_lookup import session_for, token_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri
    from notarykit_pkcs11.token.session import TokenSession

_PIN_STATES: tuple[tuple[TokenFlag, str, str, str], ...] = (
    (TokenFlag.USER_PIN_LOCKED, FAILED, "the PIN is locked", "unblock it with the PUK or SO PIN"),
    (TokenFlag.USER_PIN_FINAL_TRY, WARNING, "one more wrong PIN locks it", "make sure of the PIN"),
    (TokenFlag.USER_PIN_COUNT_LOW, WARNING, "a wrong PIN was tried", "make sure of the PIN"),
    (TokenFlag.USER_PIN_TO_BE_CHANGED, WARNING, "the PIN must be changed", "change it with the token's own tool"),
)


def check_token(
    module: Module, token: pkcs11.Token, uri: KeyUri | None, config: Mapping[str, str], *, may_log_in: bool
) -> Iterator[Finding]:
    """Yields the findings on a token and its keys.

    Args:
        module: Module of the token.
        token: The token.
        uri: URI of the key, if one is given.
        config: Plugin configuration.
        may_log_in: Whether the PIN is certain to be this token's.
    """
    firmware = "{}.{}".format(*token.firmware_version)
    yield Finding("token", OK, f"{token_uri(token)}: {token.model} {firmware} of {token.manufacturer_id}")
    pins = PinSource(uri, config)
    with module.locked(), module.process_locked():
        session = session_for(module, token)
        yield from check_mechanisms(session)
        try:
            yield check_login(session, token, pins if may_log_in else None)
            private = session.objects(PRIVATE_KEYS)
            certificates = read_certificates(session.objects(CERTIFICATES))
            public = session.objects(PUBLIC_KEYS)
        except pkcs11.PKCS11Error as error:
            yield Finding.of_error("login", session.invalidate(error))
            return
        except NotarykitError as error:
            yield Finding.of_error("login", error)
            return
        if not private and not session.may_log_in:
            visible = f"; {len(public)} public keys are visible" if public else ""
            yield Finding("keys", FAILED, f"no private key{visible}", "make one with the token's own tool")
        keys = [item for item in private if _matches(item, uri)]
        yield from _check_number(private, keys, uri)
    checks = KeyChecks(module, session, pins, certificates, config.get(CERTIFICATE_CHAIN))
    for item in keys:
        yield from checks.check(item, is_chosen=uri is not None and len(keys) == 1)


def check_mechanisms(session: TokenSession) -> Iterator[Finding]:
    """Yields the finding on the key specs that the token can sign with."""
    offered = session.mechanisms()
    methods = {name: supported_methods(session, spec, offered) for name, spec in KEY_SPECS.items()}
    supported = [f"{name} by {method[0].mechanism.name}" for name, method in methods.items() if method]
    missing = [name for name, method in methods.items() if not method]
    detail = ", ".join(supported) or "none of the six key specs"
    if missing:
        yield Finding(
            "mechanisms",
            WARNING if supported else FAILED,
            f"{detail}; not {', '.join(missing)}",
            "use a key that it can sign with",
        )
    else:
        yield Finding("mechanisms", OK, detail)


def check_login(session: TokenSession, token: pkcs11.Token, pins: PinSource | None) -> Finding:
    """Returns the finding on the PIN, after a login where keys are not visible otherwise.

    No PIN is sent where it may be another token's (`pins` is None), nor where it would be the last try.
    """
    flags = token.flags
    if not flags & TokenFlag.LOGIN_REQUIRED:
        return Finding("login", OK, "not needed")
    if not flags & TokenFlag.USER_PIN_INITIALIZED:
        return Finding("login", WARNING, "no PIN is set", "set one with the token's own tool")
    state = next((state for state in _PIN_STATES if flags & state[0]), None)
    if state and state[1] == FAILED:
        return Finding("login", *state[1:])
    if session.objects(PRIVATE_KEYS):
        detail = "needed to sign; the keys are visible without"
    elif pins is None:
        return Finding("login", WARNING, "needed, but skipped: there are several tokens", "name one with --key-id")
    elif flags & TokenFlag.USER_PIN_FINAL_TRY:
        return Finding("login", WARNING, "needed, but skipped: one more wrong PIN locks it", "make sure of the PIN")
    else:
        session.log_in(pins)
        detail = "needed, and the PIN is right"
    return Finding("login", state[1], f"{detail}; {state[2]}", state[3]) if state else Finding("login", OK, detail)


def _check_number(private: list[Any], keys: list[Any], uri: KeyUri | None) -> Iterator[Finding]:
    """Yields a failure where no private key matches the URI, or several match one that names a key."""
    if private and not keys:
        names = ", ".join(map(_key_name, private))
        yield Finding("key", FAILED, f"none matches the URI; present: {names}", "correct the URI")
    if uri is not None and (uri.label, uri.id) != (None, None) and len(keys) > 1:
        names = ", ".join(map(_key_name, keys))
        yield Finding("key", FAILED, f"{len(keys)} match the URI: {names}", "add id= or object= to the URI")


def _matches(item: Any, uri: KeyUri | None) -> bool:
    id_, label = id_and_label(item)
    return uri is None or (uri.label in (None, label) and uri.id in (None, id_))


def _key_name(item: Any) -> str:
    id_, label = id_and_label(item)
    return format_uri({}, label, id_)
