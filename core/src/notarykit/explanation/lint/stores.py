"""Trust stores that cannot be read, have ended, or have no effect."""

from collections.abc import Iterator

from cryptography import x509

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import TrustStoreError
from notarykit.explanation.lint.finding import Found, Severity, Statement
from notarykit.keys.certificate import subject_of
from notarykit.trust.policy import Action, StoreType, Validation


def unreadable_stores(statement: Statement) -> Iterator[Found]:
    """Yields a finding for each store that is missing, empty, or has what it must not have."""
    for store, found in statement.stores.items():
        if isinstance(found, TrustStoreError):
            fix = found.advice or f"correct it, or leave {store} out"
            yield Found(Severity.ERROR, "store-cannot-be-read", "trustStores", found.message, fix)


def ends(statement: Statement) -> Iterator[Found]:
    """Yields findings about certificates that are not valid, or soon no more."""
    for store, found in statement.stores.items():
        if isinstance(found, TrustStoreError):
            continue
        expired = [each for each in found if each.not_valid_after_utc < statement.now]
        if expired and len(expired) == len(found):
            is_fatal = not statement.outlives_certificates
            last = format_rfc3339(found[-1].not_valid_after_utc)
            yield Found(
                Severity.ERROR if is_fatal else Severity.WARNING,
                "store-expired",
                "trustStores",
                f"all certificates of {store} have expired, the last on {last}",
                "add the certificate that has come in their place"
                + (", or a tsa store if the signatures have timestamps" if is_fatal else ""),
            )
            continue
        for certificate in found:
            if problem := _end(certificate, statement):
                text = f"{subject_of(certificate)!r} in {store} {problem[1]}"
                yield Found(Severity.WARNING, problem[0], "trustStores", text, problem[2])


def _end(certificate: x509.Certificate, statement: Statement) -> tuple[str, str, str] | None:
    """Returns the rule, the problem and the fix where a certificate is not valid, or soon no more."""
    starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends < statement.now:
        return "certificate-expired", f"has expired on {format_rfc3339(ends)}", "remove it if nothing needs it"
    if ends < statement.soon:
        return "certificate-ends-soon", f"ends on {format_rfc3339(ends)}", "add its successor in time"
    if starts > statement.now:
        return "certificate-not-yet-valid", f"is valid from {format_rfc3339(starts)}", "check the clock"
    return None


def store_types(statement: Statement) -> Iterator[Found]:
    """Yields findings about stores that are missing for what the statement says, or have no effect."""
    policy = statement.policy
    kinds = {store.type for store in policy.stores}
    if kinds == {StoreType.TSA}:
        yield Found(
            Severity.ERROR,
            "no-store-for-signers",
            "trustStores",
            "tsa stores alone vouch for no signer: every signature fails",
            "add a store of the type ca or signingAuthority",
        )
    elif StoreType.TSA in kinds and StoreType.CA not in kinds:
        yield Found(
            Severity.WARNING,
            "tsa-without-effect",
            "trustStores",
            "tsa stores are for signatures of the scheme notary.x509, which fail: no store of the type ca is named",
            "leave them out, or add a store of the type ca",
        )
    elif StoreType.TSA in kinds and policy.level.actions[Validation.AUTHENTIC_TIMESTAMP] is not Action.ENFORCE:
        yield Found(
            Severity.WARNING,
            "timestamps-only-logged",
            "signatureVerification",
            "a tsa store is named, and a timestamp that is missing or wrong is only logged",
            'add the override "authenticTimestamp": "enforce"',
        )
    if statement.is_timestamp_written and StoreType.TSA not in kinds:
        yield Found(
            Severity.WARNING,
            "timestamps-without-store",
            "signatureVerification",
            "verifyTimestamp has no effect: no tsa store is named, so no timestamp is looked at",
            "add a tsa store, or leave verifyTimestamp out",
        )
