"""Diagnosis of a key: mechanism, trial signature and certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pkcs11 import Attribute

from notarykit.errors import CertificateError, NotarykitError, PluginError, SigningKeyError
from notarykit.plugin import (
    FAILED,
    NO_CERTIFICATE_ADVICE,
    OK,
    WARNING,
    Finding,
    has_key,
    key_spec_of,
    load_certificate,
    read_certificates,
    read_file,
    subject_of,
)
from notarykit_pkcs11.key import TokenKey
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.token.key_lookup import object_uri
from notarykit_pkcs11.token.mechanisms import signing_methods
from notarykit_pkcs11.token.objects import id_and_label, read_attribute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from notarykit.plugin import KeySpec, KeyVersion
    from notarykit_pkcs11.client import Module
    from notarykit_pkcs11.pin.source import PinSource
    from notarykit_pkcs11.token.mechanisms import SigningMethod
    from notarykit_pkcs11.token.objects import TokenCertificate
    from notarykit_pkcs11.token.session import TokenSession

# Not the payload of any envelope.
_TRIAL_MESSAGE = b"notarykit plugin doctor: a trial that signs nothing\n"


def supported_methods(session: TokenSession, spec: KeySpec, offered: Collection[object]) -> list[SigningMethod]:
    """Returns the methods that the token offers for keys of the spec's size."""
    return [method for method in signing_methods(spec, offered) if session.supports_size(method.mechanism, spec.bits)]


class KeyChecks(NamedTuple):
    """Checks of the keys on a token.

    Attributes:
        module: Module of the token.
        session: Session with the token.
        pins: Source of the PIN.
        certificates: Certificates on the token.
        chain_file: File with the key's chain, used instead of the token's certificates.
    """

    module: Module
    session: TokenSession
    pins: PinSource
    certificates: list[TokenCertificate]
    chain_file: str | None

    def check(self, item: Any, *, is_chosen: bool) -> Iterator[Finding]:
        """Yields the findings on a private key; the chosen one makes a trial signature, and needs a certificate."""
        name = object_uri(self.session, item)
        try:
            version = next(TokenKey(parse_uri(name), self.module, self.pins).versions())
            spec = key_spec_of(version.public_key)
        except (PluginError, SigningKeyError) as error:
            yield Finding("key", FAILED, f"{name}: {error.message}", error.advice or "")
            return
        with self.module.locked():
            always = read_attribute(item, Attribute.ALWAYS_AUTHENTICATE)
            methods = supported_methods(self.session, spec, self.session.mechanisms())
        if not methods:
            yield Finding("key", FAILED, f"{name}: {spec.name}, no mechanism of the token fits it", "use another key")
            return
        yield Finding("key", OK, f"{name}: {spec.name}{'; needs the PIN for each signature' if always else ''}")
        if is_chosen:
            yield try_signature(version, spec, self.pins)
        if is_chosen and self.chain_file:
            yield _certificate_in_file(self.chain_file, version, name)
        else:
            yield self._certificate_on_token(item, version, name, absent=FAILED if is_chosen else WARNING)

    def _certificate_on_token(self, item: Any, version: KeyVersion, name: str, absent: str) -> Finding:
        own = [stored for stored in self.certificates if has_key(stored.certificate, version.public_key)]
        if own:
            return Finding("certificate", OK, f"{subject_of(own[0].certificate)} is for {name}")
        id_, _ = id_and_label(item)
        foreign = [stored for stored in self.certificates if id_ and stored.id == id_]
        detail = (
            f"{subject_of(foreign[0].certificate)} has the CKA_ID of {name}, but another key"
            if foreign
            else f"none for {name}"
        )
        return Finding("certificate", absent, detail, NO_CERTIFICATE_ADVICE)


def try_signature(version: KeyVersion, spec: KeySpec, pins: PinSource) -> Finding:
    """Makes a trial signature where the PIN is configured, so that the diagnosis never prompts for it."""
    if not pins.is_configured:
        return Finding("signature", OK, "not tried: set the PIN in pin_source or $PKCS11_PIN for a trial")
    try:
        version.sign(_TRIAL_MESSAGE, spec)
    except NotarykitError as error:
        return Finding.of_error("signature", error)
    return Finding("signature", OK, "a trial signature is valid")


def _certificate_in_file(path: str, version: KeyVersion, name: str) -> Finding:
    """Returns the finding on a configured file, which is used instead of the token's certificates."""
    try:
        certificates = [load_certificate(der) for der in read_certificates(read_file(path, "certificate chain"), path)]
    except (SigningKeyError, CertificateError) as error:
        return Finding.of_error("certificate", error)
    own = [certificate for certificate in certificates if has_key(certificate, version.public_key)]
    if own:
        return Finding("certificate", OK, f"{subject_of(own[0])} in {path} is for {name}")
    return Finding(
        "certificate", FAILED, f"{path} has none for {name}", "give the certificate that was issued for this key"
    )
