"""Authenticity: the chain leads to a trusted certificate, and the signer is a trusted identity.

Trust store and trust policy specification, "Signature Verification", step 4; signing scheme specification, "Trust
Stores".
"""

from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509, SigningScheme
from notarykit.errors import AuthenticityError, CertificateError
from notarykit.keys.certificate import load_certificate, subject_of
from notarykit.trust import identity as identities
from notarykit.trust.policy import StoreType
from notarykit.verification.context import VerificationContext
from notarykit.verification.plugin import TRUSTED_IDENTITY, takes_over

STORE_TYPES = {X509: StoreType.CA, SIGNING_AUTHORITY: StoreType.SIGNING_AUTHORITY}


def authenticity(context: VerificationContext) -> str:
    """Validates authenticity: the chain leads to a trusted certificate, and the signer is a trusted identity."""
    find_anchor(context, context.intact.attributes.signing_scheme, context.intact.chain.ders)
    if context.policy.identities == (identities.ANY,) or _identity_is_trusted(context):
        context.is_authentic = True
        return ""
    # A plugin may perform the identity check instead, and may be looked up from here on: a trusted root vouches for the
    # signer, who names it.
    subject = subject_of(context.intact.chain.leaf)
    if takes_over(context, TRUSTED_IDENTITY):
        context.is_authentic = True
        return "the trusted identity is for the verification plugin to check"
    if not any(identity.startswith(f"{identities.X509_SUBJECT}:") for identity in context.policy.identities):
        raise AuthenticityError(
            "the policy has no x509.subject among its trusted identities, and no plugin checks others"
        )
    raise AuthenticityError(
        f"signing certificate's subject {subject!r} matches none of the trusted identities",
        advice="add it to trustedIdentities if this signer is to be trusted",
    )


def find_anchor(context: VerificationContext, scheme: SigningScheme, ders: tuple[bytes, ...]) -> int:
    """Returns the position of the first certificate of a chain that is in a trust store of the policy for the scheme.

    Bytes are compared and no signature is checked: a chain without an anchor is not trusted, whatever else it is.

    Raises:
        AuthenticityError: There is none, or the policy names no trust store for the scheme.
        TrustStoreError: A trust store cannot be read.
    """
    wanted = STORE_TYPES[scheme]
    stores = context.policy.stores_of(wanted)
    if not stores:
        raise AuthenticityError(
            f"the policy names no trust store of the type {wanted}, which the signing scheme {scheme} needs",
            advice=f"add one to its trustStores, such as {wanted}:acme",
        )
    trusted = trusted_by(context, wanted)
    for position, der in enumerate(ders):
        if der in trusted:
            return position
    raise AuthenticityError(
        f"no certificate of the chain is in the trust stores {', '.join(map(str, stores))}; "
        f"the chain ends with {_name(ders[-1])!r}",
        advice="add that root to a trust store of the policy if it is to be trusted",
    )


def _name(der: bytes) -> str:
    try:
        return subject_of(load_certificate(der))
    except CertificateError:
        return "(a certificate that cannot be read)"


def trusted_by(context: VerificationContext, wanted: StoreType) -> frozenset[bytes]:
    """Returns all certificates, in DER, of the policy's trust stores of a type."""
    certificates = context.options.store.certificates
    return frozenset[bytes]().union(*map(certificates, context.policy.stores_of(wanted)))


def _identity_is_trusted(context: VerificationContext) -> bool:
    try:
        subject = context.intact.chain.leaf.subject
    except (ValueError, TypeError):
        raise AuthenticityError("the signing certificate's subject cannot be read, so it matches no identity") from None
    trusted = identities.x509_identities(context.policy.identities)
    return any(identities.matches(identity, subject) for identity in trusted)
