"""The steps of a verification, each a function of what was given and what earlier steps established.

Trust store and trust policy specification, "Signature Verification", "Steps". A step returns a note, often an empty
one, or raises what it found; what that does is the policy's to say.
"""

from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509
from notarykit.envelope.intact import check_integrity
from notarykit.envelope.parsing import parse
from notarykit.errors import (
    AuthenticityError,
    AuthenticTimestampError,
    ExpiryError,
    IntegrityError,
    RevocationError,
    UserMetadataError,
)
from notarykit.keys.certificate import subject_of
from notarykit.keys.chain import Chain
from notarykit.revocation.pointers import names_a_place
from notarykit.revocation.status import NO_MOMENTS, CertificateStatus, Moments
from notarykit.times import format_rfc3339
from notarykit.trust import identity as identities
from notarykit.trust.policy import StoreReference, StoreType, VerifyTimestamp
from notarykit.verification.progress import Progress

# Signing scheme specification, "Trust Stores".
_STORE_TYPES = {X509: StoreType.CA, SIGNING_AUTHORITY: StoreType.SIGNING_AUTHORITY}


def integrity(progress: Progress) -> str:
    """Validate Integrity: the envelope is well formed, its signature holds, and it is about this artifact."""
    inputs = progress.inputs
    envelope = check_integrity(parse(inputs.envelope, inputs.media_type))
    if not envelope.target.is_same_content(inputs.artifact):
        signed, given = envelope.target, inputs.artifact
        raise IntegrityError(
            f"the signature is for {signed.digest} ({signed.media_type}, {signed.size} bytes), "
            f"not for {given.digest} ({given.media_type}, {given.size} bytes)"
        )
    progress.intact = envelope
    return ""


def authenticity(progress: Progress) -> str:
    """Validate Authenticity: the chain leads to a trusted certificate, and the signer is a trusted identity."""
    _chain_is_trusted(progress)
    if progress.inputs.policy.identities == (identities.ANY,) or _identity_is_trusted(progress):
        progress.is_authentic = True
        return ""
    # A plugin may stand in for the identity check, so this is where one may be looked up: its name comes from somebody
    # whom a trusted root vouches for.
    subject = subject_of(progress.intact.chain.leaf)
    if _plugin_takes_over(progress, "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"):
        progress.is_authentic = True
        return "the trusted identity is for the verification plugin to check"
    if not any(each.startswith(f"{identities.X509_SUBJECT}:") for each in progress.inputs.policy.identities):
        raise AuthenticityError(
            "the policy has no x509.subject among its trusted identities, and no plugin checks others"
        )
    raise AuthenticityError(
        f"signing certificate's subject {subject!r} matches none of the trusted identities",
        advice="add it to trustedIdentities if this signer is to be trusted",
    )


def _chain_is_trusted(progress: Progress) -> None:
    scheme = progress.intact.attributes.signing_scheme
    wanted = _STORE_TYPES[scheme]
    stores = _stores(progress, wanted)
    if not stores:
        raise AuthenticityError(
            f"the policy names no trust store of the type {wanted}, which the signing scheme {scheme} needs",
            advice=f"add one to its trustStores, such as {wanted}:acme",
        )
    if _trusted(progress, wanted).isdisjoint(progress.intact.chain.ders):
        root = subject_of(progress.intact.chain.certificates[-1])
        raise AuthenticityError(
            f"the chain leads to {root!r}, which is in none of the trust stores {', '.join(map(str, stores))}",
            advice="add that root to a trust store of the policy if it is to be trusted",
        )


def _stores(progress: Progress, wanted: StoreType) -> list[StoreReference]:
    """The policy's trust stores of a type."""
    return [store for store in progress.inputs.policy.stores if store.type == wanted]


def _trusted(progress: Progress, wanted: StoreType) -> frozenset[bytes]:
    """All certificates in DER of the policy's trust stores of a type."""
    store = progress.inputs.store
    return frozenset[bytes]().union(*(store.certificates(each) for each in _stores(progress, wanted)))


def _identity_is_trusted(progress: Progress) -> bool:
    try:
        subject = progress.intact.chain.leaf.subject
    except (ValueError, TypeError):
        raise AuthenticityError("the signing certificate's subject cannot be read, so it matches no identity") from None
    trusted = identities.x509_identities(progress.inputs.policy.identities)
    return any(identities.matches(identity, subject) for identity in trusted)


def expiry(progress: Progress) -> str:
    """Validate Expiry: "expired when the current time is greater than or equal to expiry time"."""
    expires = progress.intact.attributes.expiry
    if expires is not None and progress.inputs.now >= expires:
        raise ExpiryError(f"the signature expired on {format_rfc3339(expires)}")
    return ""


def authentic_timestamp(progress: Progress) -> str:
    """Validate Authentic Timestamp: the signature was made while every certificate of the chain was valid."""
    attributes, chain = progress.intact.attributes, progress.intact.chain
    if attributes.signing_scheme == SIGNING_AUTHORITY:
        assert attributes.authentic_signing_time is not None
        problem = chain.outside_validity(attributes.authentic_signing_time)
        if problem:
            raise AuthenticTimestampError(f"at the authentic signing time, {problem}")
        return ""
    if _timestamp_is_wanted(progress):
        return _countersignature(progress)
    problem = chain.outside_validity(progress.inputs.now)
    if problem:
        has_one = progress.intact.timestamp_signature is not None
        advice = "name a tsa trust store in the policy, and the signature's timestamp is looked at" if has_one else ""
        raise AuthenticTimestampError(problem, advice=advice)
    return "the certificates are valid now, and no timestamp is asked for"


def _countersignature(progress: Progress) -> str:
    """Validate Authentic Timestamp, 1.1: the timestamp countersignature, the TSA's own revocation as the last of it."""
    intact = progress.intact
    if not intact.timestamp_signature:
        if problem := intact.chain.outside_validity(progress.inputs.now):
            raise AuthenticTimestampError(
                f"{problem}, and the signature has no timestamp", advice="have it signed again"
            )
        raise AuthenticTimestampError(
            "the policy asks for a timestamp, and the signature has none",
            advice="sign with --timestamp-url, or set verifyTimestamp to afterCertExpiry",
        )
    from notarykit.timestamp.token import check_covers, verify_token

    timestamp = verify_token(intact.timestamp_signature, intact.signature, _trusted(progress, StoreType.TSA))
    check_covers(timestamp, intact.chain)
    note = _check_revocation(progress, timestamp.chain, NO_MOMENTS)
    progress.timestamp = timestamp
    return "; ".join(filter(None, (f"timestamp of {format_rfc3339(timestamp.time)}", note)))


def _timestamp_is_wanted(progress: Progress) -> bool:
    """Timestamp Countersignature Verification details: the sufficient and necessary conditions."""
    if not _stores(progress, StoreType.TSA):
        return False
    if progress.inputs.policy.verify_timestamp == VerifyTimestamp.ALWAYS:
        return True
    certificates = progress.intact.chain.certificates
    return any(progress.inputs.now > certificate.not_valid_after_utc for certificate in certificates)


def revocation(progress: Progress) -> str:
    """Validate Revocation Status, of the signer's chain."""
    if _plugin_takes_over(progress, "SIGNATURE_VERIFIER.REVOCATION_CHECK"):
        return "the revocation status is for the verification plugin to check"
    attributes, timestamp, chain = progress.intact.attributes, progress.timestamp, progress.intact.chain
    if not progress.is_authentic and any(map(names_a_place, chain.certificates[:-1])):  # `audit` lets it go on
        raise RevocationError("nothing that the certificates name is asked, because the signer is not trusted")
    return _check_revocation(
        progress, chain, Moments(attributes.authentic_signing_time, timestamp.latest if timestamp else None)
    )


def _check_revocation(progress: Progress, chain: Chain, moments: Moments) -> str:
    """Certificate Revocation Evaluation; the note names certificates that cannot be looked up anywhere."""
    revocable = chain.certificates[:-1]
    unchecked = [subject_of(each) for each in revocable if not names_a_place(each)]
    note = "; ".join(f"warning: {name!r} names neither an OCSP responder nor a CRL" for name in unchecked)
    check = progress.inputs.revocation
    if check is None:
        if len(unchecked) == len(revocable):
            return note  # and nothing of the network is imported
        from notarykit.revocation.online import online

        check = online()
    try:
        statuses = check.check(chain, progress.inputs.now, moments)
    except RevocationError as error:
        progress.explained += [line for status in error.statuses for line in _explain(status)]
        raise
    progress.explained += [line for status in statuses for line in _explain(status)]
    return note


def _explain(status: CertificateStatus) -> list[str]:
    return [str(status), *(f"  {line}" for line in status.asked)]


def extended_validation(progress: Progress) -> str:
    """Perform extended validation; "unknown critical attributes MUST cause signature verification to fail"."""
    attributes = progress.intact.attributes
    if attributes.verification_plugin is None and not any(each.critical for each in attributes.extended):
        return ""
    from notarykit.verification import extended

    return extended.validate(progress)


def _plugin_takes_over(progress: Progress, capability: str) -> bool:
    """Whether the signature names a plugin that makes this check; most name none, and then nothing is imported."""
    if progress.intact.attributes.verification_plugin is None:
        return False
    from notarykit.verification import extended

    return extended.takes_over(progress, capability)


def user_metadata(progress: Progress) -> str:
    """Verify that the metadata which the caller asks for was signed."""
    signed = progress.intact.target.annotations
    for key, value in progress.inputs.user_metadata.items():
        if key not in signed:
            raise UserMetadataError(f"the signature carries no user metadata {key!r}")
        if signed[key] != value:
            raise UserMetadataError(f"the signature's user metadata {key!r} is {signed[key]!r}, not {value!r}")
    return ""
