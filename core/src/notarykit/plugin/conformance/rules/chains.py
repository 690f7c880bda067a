"""The certificate chain of generate-signature: signature specification, "Certificate Requirements"."""

from collections.abc import Callable

from notarykit._internal.rfc3339 import utc_now
from notarykit.errors import CertificateError
from notarykit.keys import requirements
from notarykit.keys.certificate import subject_of
from notarykit.plugin.conformance.rule import MUST, rule
from notarykit.plugin.conformance.session import SAMPLES, DoesNotApply, Key, Session, issued
from notarykit.plugin.protocol.fields import Capability

_SECTION = "signature-specification.md, Certificate Requirements"


def _each(session: Session, check: Callable[[Key], str | None]) -> str | None:
    def check_certificates(key: Key) -> str | None:
        if not key.ordered:
            raise DoesNotApply("there is no certificate to look at")
        return check(key)

    return session.each(check_certificates, Capability.RAW)


@rule("chain.certificates", MUST, "generate-signature")
def chain_is_there(session: Session) -> str | None:
    """The chain is a list of certificates in base64 of DER, with something in it."""

    def check(key: Key) -> str | None:
        response = key.successful_signature(SAMPLES[0])
        chain = response.members.get("certificateChain")
        if not (isinstance(chain, list) and chain):
            return "'certificateChain' is not a list with something in it"
        return None if key.certificates else "not all of its members are certificates"

    return session.each(check, Capability.RAW)


@rule("chain.order", MUST, "generate-signature")
def chain_is_ordered(session: Session) -> str | None:
    """The signing certificate comes first, then its issuers, the root last."""

    def check(key: Key) -> str | None:
        related = [each for each in key.certificates if each in key.ordered]
        if related == list(key.ordered):
            return None
        return "the order is " + ", ".join(subject_of(each) for each in key.certificates)

    return _each(session, check)


@rule("chain.complete", MUST, _SECTION)
def chain_ends_with_a_root(session: Session) -> str | None:
    """The chain is complete up to a self-signed root."""

    def check(key: Key) -> str | None:
        last = key.ordered[-1]
        return None if issued(last, last) else f"the issuer of {subject_of(last)!r} is missing"

    return _each(session, check)


@rule("chain.related", MUST, _SECTION)
def chain_has_nothing_else(session: Session) -> str | None:
    """The chain holds nothing but the signing certificate and its issuers."""

    def check(key: Key) -> str | None:
        if not issued(key.ordered[-1], key.ordered[-1]):
            raise DoesNotApply("the chain is not complete")
        others = [each for each in key.certificates if each not in key.ordered]
        return f"{subject_of(others[0])!r} does not belong to it" if others else None

    return _each(session, check)


@rule("chain.requirements", MUST, _SECTION)
def certificates_keep_the_rules(session: Session) -> str | None:
    """Every certificate keeps the requirements of its place."""

    def check(key: Key) -> str | None:
        for index, certificate in enumerate(key.ordered):
            try:
                kind = "CA certificate" if index else "signing certificate"
                placed = requirements.chain_member(certificate, kind, index - 1)
                requirements.enforce(requirements.CODE_SIGNING_CA if index else requirements.CODE_SIGNING_LEAF, placed)
            except CertificateError as error:
                return error.message
        return None

    return _each(session, check)


@rule("chain.validity", MUST, _SECTION)
def certificates_are_valid(session: Session) -> str | None:
    """Every certificate is valid now: no host accepts a signature of one that is not."""

    def check(key: Key) -> str | None:
        now = utc_now()
        for each in key.ordered:
            if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
                return f"{subject_of(each)!r} is valid from {each.not_valid_before_utc} to {each.not_valid_after_utc}"
        return None

    return _each(session, check)
