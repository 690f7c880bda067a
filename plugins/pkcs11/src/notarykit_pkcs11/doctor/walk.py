"""The way of a signature, gone step by step as a person would who looks for what is in its way."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pkcs11
from pkcs11 import Attribute, TokenFlag

from notarykit.errors import CertificateError, NotarykitError, PluginError, SigningKeyError
from notarykit.keys.certificate import has_key, load_certificate, subject_of
from notarykit.keys.files import read_file
from notarykit.keys.pem import read_certificates
from notarykit.keys.spec import KEY_SPECS, key_spec_of
from notarykit.plugin.diagnosis import FAILED, OK, WARNING, Finding, failure
from notarykit.plugin.service.provider import CHAIN, GET_A_CERTIFICATE
from notarykit_pkcs11.client import module_at
from notarykit_pkcs11.key import TokenKey
from notarykit_pkcs11.key_id import parse, uri_of
from notarykit_pkcs11.pin.source import PinSource
from notarykit_pkcs11.settings import P11_KIT, module_path
from notarykit_pkcs11.token.mechanisms import ways
from notarykit_pkcs11.token.objects import CERTIFICATES, PRIVATE_KEYS, PUBLIC_KEYS, attribute, certificates, identity
from notarykit_pkcs11.token.session import TokenSession, key_of
from notarykit_pkcs11.token.token_lookup import matches, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin import KeyVersion
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.key_id import KeyUri
    from notarykit_pkcs11.token.mechanisms import Way
    from notarykit_pkcs11.token.objects import Stored

_LOADING_SECONDS = 60
# What is signed can be taken for no envelope's content.
_TRIAL = b"notarykit plugin doctor: a trial that signs nothing\n"
# Loads the module where a crash takes nothing with it.
_LOADS = "import sys, pkcs11; pkcs11.lib(sys.argv[1]).get_slots()"

_FLAGS: tuple[tuple[TokenFlag, str, str, str], ...] = (
    (TokenFlag.USER_PIN_LOCKED, FAILED, "the PIN is locked", "unblock it with the PUK or SO PIN"),
    (TokenFlag.USER_PIN_FINAL_TRY, WARNING, "one wrong PIN more locks it", "make sure of the PIN"),
    (TokenFlag.USER_PIN_COUNT_LOW, WARNING, "a wrong PIN was tried", "make sure of the PIN"),
    (TokenFlag.USER_PIN_TO_BE_CHANGED, WARNING, "the PIN is to be changed", "change it with the token's own tool"),
)


def walk(key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
    """What is found, step by step; where a step fails and the next ones need it, it is the last."""
    try:
        yield from _walk(key_id, config)
    except NotarykitError as error:
        yield Finding("stopped", FAILED, error.message, error.advice or "")
    except pkcs11.PKCS11Error as error:
        yield Finding("stopped", FAILED, f"the module answered {type(error).__name__}", "try again")


def _walk(key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
    uri = parse(key_id) if key_id else None
    path = ""
    try:
        path = module_path(uri, config)
        module = _load(path)
    except PluginError as error:
        more = "; it is p11-kit's, since no module is named" if path == P11_KIT else ""
        yield Finding("module", FAILED, error.message + more, error.advice or "")
        return
    library = module.library
    version = "{}.{}".format(*library.library_version)
    yield Finding("module", OK, f"{path}: {library.library_description} {version} of {library.manufacturer_id}")
    slots = module.slots(token_present=False)
    tokens = module.tokens()
    if not slots:
        yield Finding("slots", FAILED, "none", "plug the reader or token in; for smart cards, see that pcscd runs")
        return
    yield Finding("slots", OK, f"{len(slots)}, with {len(tokens)} initialised tokens")
    wanted = [each for each in tokens if uri is None or matches(module, each, uri)]
    if not wanted:
        there = ", ".join(shown(each) for each in tokens)
        yield Finding(
            "token",
            FAILED,
            f"none matches {uri.text}; there is {there}" if uri and there else "there is none",
            "correct the URI" if there else "plug it in, or initialise it with its own tool",
        )
    elif uri is not None and len(wanted) > 1:
        names = ", ".join(shown(each) for each in wanted)
        yield Finding("token", FAILED, f"{len(wanted)} match {uri.text}: {names}", "add serial= or slot-id= to the URI")
        return
    is_alone = sum(bool(token.flags & TokenFlag.LOGIN_REQUIRED) for token in wanted) == 1
    for token in wanted:
        yield from _look_at(module, token, uri, config, is_alone=is_alone)


def _load(path: str) -> Module:
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-c", _LOADS, path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LOADING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PluginError(
            f"the module {path} does not tell its slots within {_LOADING_SECONDS} seconds",
            advice="see that its daemon runs and its device or server answers",
        ) from None
    if done.returncode < 0:
        raise PluginError(
            f"the module {path} crashes when it is loaded (signal {-done.returncode})",
            advice="check its own configuration and version; it is run in a process of its own with 'plugin install'",
        )
    module = module_at(path)
    with module.held():
        _ = module.library
    return module


def _look_at(
    module: Module, token: pkcs11.Token, uri: KeyUri | None, config: Mapping[str, str], *, is_alone: bool
) -> Iterator[Finding]:
    firmware = "{}.{}".format(*token.firmware_version)
    name = shown(token)
    yield Finding("token", OK, f"{name}: {token.model} {firmware} of {token.manufacturer_id}")
    pins = PinSource(uri, config)
    with module.held(), module.alone():
        session = module.sessions.setdefault(key_of(token), TokenSession(module, token))
        yield from _mechanisms(session)
        try:
            yield _login(session, token, pins if is_alone else None)
            private = session.objects(PRIVATE_KEYS)
            stored = certificates(session.objects(CERTIFICATES))
            public = session.objects(PUBLIC_KEYS)
        except pkcs11.PKCS11Error as error:
            refusal = session.lost(error)
            yield Finding("login", FAILED, refusal.message, refusal.advice or "")
            return
        except NotarykitError as error:
            yield Finding("login", FAILED, error.message, error.advice or "")
            return
        if not private and not session.needs_login:
            more = f"; {len(public)} public keys can be seen" if public else ""
            yield Finding("keys", FAILED, f"no private key{more}", "make one with the token's own tool")
        named = [each for each in private if _is_named(each, uri)]
        if private and not named:
            there = ", ".join(_named(each) for each in private)
            yield Finding("key", FAILED, f"none matches the URI; there is {there}", "correct the URI")
        if uri is not None and (uri.label, uri.id) != (None, None) and len(named) > 1:
            there = ", ".join(_named(each) for each in named)
            yield Finding("key", FAILED, f"{len(named)} match the URI: {there}", "add id= or object= to the URI")
    is_tried = uri is not None and len(named) == 1
    for each in named:
        yield from _look_at_key(module, session, each, stored, pins, is_tried=is_tried, chain=config.get(CHAIN))


def _mechanisms(session: TokenSession) -> Iterator[Finding]:
    offered = session.mechanisms()
    can = {name: _ways(session, spec, offered) for name, spec in KEY_SPECS.items()}
    able = [f"{name} by {found[0].mechanism.name}" for name, found in can.items() if found]
    missing = [name for name, found in can.items() if not found]
    detail = ", ".join(able) or "none of the six key specs"
    if missing:
        yield Finding(
            "mechanisms",
            WARNING if able else FAILED,
            f"{detail}; not {', '.join(missing)}",
            "use a key it can sign with",
        )
    else:
        yield Finding("mechanisms", OK, detail)


def _ways(session: TokenSession, spec: KeySpec, offered: Collection[object]) -> list[Way]:
    """The ways to a signature of the spec that the token offers for keys of its size."""
    return [way for way in ways(spec, offered) if session.can_hold(way.mechanism, spec.bits)]


def _login(session: TokenSession, token: pkcs11.Token, pins: PinSource | None) -> Finding:
    """What the token says of its PIN; logs in where keys cannot be seen otherwise.

    No PIN is sent where it may be another token's (`pins` is None), nor where it would be the last try.
    """
    flags = token.flags
    if not flags & TokenFlag.LOGIN_REQUIRED:
        return Finding("login", OK, "not needed")
    if not flags & TokenFlag.USER_PIN_INITIALIZED:
        return Finding("login", WARNING, "no PIN has been set", "set one with the token's own tool")
    told = next((each for each in _FLAGS if flags & each[0]), None)
    if told and told[1] == FAILED:
        return Finding("login", *told[1:])
    if session.objects(PRIVATE_KEYS):
        found = "needed to sign; the keys can be seen without"
    elif pins is None:
        return Finding("login", WARNING, "needed, and not done: there are several tokens", "name one with --key-id")
    elif flags & TokenFlag.USER_PIN_FINAL_TRY:
        return Finding("login", WARNING, "needed, and not done: one wrong PIN more locks it", "make sure of the PIN")
    else:
        session.log_in(pins)
        found = "needed, and the PIN is right"
    return Finding("login", told[1], f"{found}; {told[2]}", told[3]) if told else Finding("login", OK, found)


def _is_named(item: Any, uri: KeyUri | None) -> bool:
    id_, label = identity(item)
    return uri is None or (uri.label in (None, label) and uri.id in (None, id_))


def _try(version: KeyVersion, spec: KeySpec, pins: PinSource) -> Finding:
    """A trial signature with the one key that is named, where the PIN is given: nobody is asked for it here."""
    if not pins.is_given:
        return Finding("signature", OK, "not tried: with the PIN in pin_source or $PKCS11_PIN, one is made")
    try:
        version.sign(_TRIAL, spec)
    except NotarykitError as error:
        return Finding("signature", FAILED, error.message, error.advice or "")
    return Finding("signature", OK, "one was made and holds")


def _in_file(path: str, version: KeyVersion, name: str) -> Finding:
    """Whether a file has the key's certificate: where one is named, it counts, and nothing that is on the token."""
    try:
        held = [load_certificate(der) for der in read_certificates(read_file(path, "certificate chain"), path)]
    except (SigningKeyError, CertificateError) as error:
        return failure("certificate", error)
    own = [each for each in held if has_key(each, version.public_key)]
    if own:
        return Finding("certificate", OK, f"{subject_of(own[0])} in {path} is for {name}")
    return Finding(
        "certificate", FAILED, f"{path} has none for {name}", "give the certificate that was issued for this key"
    )


def _named(item: Any) -> str:
    id_, label = identity(item)
    return uri_of({}, label, id_)


def _look_at_key(
    module: Module,
    session: TokenSession,
    item: Any,
    stored: list[Stored],
    pins: PinSource,
    *,
    is_tried: bool,
    chain: str | None,
) -> Iterator[Finding]:
    """Looks at a key; one that is tried, and has no certificate in the file `chain` or else on the token, fails."""
    id_, label = identity(item)
    name = uri_of(session.where, label, id_)
    try:
        version = next(TokenKey(parse(name), module, pins).versions())
        spec = key_spec_of(version.public_key)
    except (PluginError, SigningKeyError) as error:
        yield Finding("key", FAILED, f"{name}: {error.message}", error.advice or "")
        return
    with module.held():
        needs = "; asks for the PIN before each signature" if attribute(item, Attribute.ALWAYS_AUTHENTICATE) else ""
        can = _ways(session, spec, session.mechanisms())
    if not can:
        yield Finding("key", FAILED, f"{name}: {spec.name}, for which the token has no mechanism", "use another key")
        return
    yield Finding("key", OK, f"{name}: {spec.name}{needs}")
    if is_tried:
        yield _try(version, spec, pins)
    if is_tried and chain:
        yield _in_file(chain, version, name)
        return
    own = [each for each in stored if has_key(each.certificate, version.public_key)]
    if own:
        yield Finding("certificate", OK, f"{subject_of(own[0].certificate)} is for {name}")
        return
    others = [each for each in stored if id_ and each.id == id_]
    detail = (
        f"{subject_of(others[0].certificate)} has the CKA_ID of {name}, and another key"
        if others
        else f"none for {name}"
    )
    yield Finding("certificate", FAILED if is_tried else WARNING, detail, GET_A_CERTIFICATE)
