"""Check of the trusted identity: the certificate's own is compared with those of the trust policy, to the letter."""

from collections.abc import Sequence

from notarykit.plugin import VerificationResult
from notarykit_identity.identities import FORM, identity_of, parse_trusted

_ANY = "*"


def check_identity(leaf: bytes, trusted: Sequence[str]) -> VerificationResult:
    """Returns whether a signing certificate's identity is one of those of a trust policy.

    The host has verified before that the chain leads to a certificate of a trust store. Of other identities than ours,
    such as `x509.subject`, none matches: they are for signatures that name no plugin.

    Args:
        leaf: Signing certificate in DER.
        trusted: Entries of `trustedIdentities`.
    """
    if tuple(trusted) == (_ANY,):
        return VerificationResult(success=True)
    try:
        wanted = [identity for identity in map(parse_trusted, trusted) if identity is not None]
    except ValueError as error:
        return VerificationResult(success=False, reason=f"{error}: correct the trust policy")
    try:
        found = identity_of(leaf)
    except ValueError as error:
        return VerificationResult(success=False, reason=f"the signing certificate names no identity: {error}")
    if found in wanted:
        return VerificationResult(success=True)
    if not wanted:
        return VerificationResult(
            success=False,
            reason=f"the trust policy has no entry of the form '{FORM}' among its trusted identities; the signer is "
            f"'identity: {found}'",
        )
    return VerificationResult(
        success=False, reason=f"the signer is 'identity: {found}', which is none of the trusted identities"
    )
