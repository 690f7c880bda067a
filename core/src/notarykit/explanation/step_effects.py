"""What each step of a verification will do under a trust policy statement, in words."""

from collections.abc import Mapping
from typing import NamedTuple

from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509
from notarykit.trust.identity import ANY, x509_identities
from notarykit.trust.policy import Action, StoreReference, StoreType, TrustPolicy, VerifyTimestamp
from notarykit.verification.authenticity import STORE_TYPES
from notarykit.verification.context import action_of
from notarykit.verification.envelope import STEPS
from notarykit.verification.verdict import Step

SPECIFICATION = 'trust store and trust policy specification, "Signature Verification", "Steps"'
"""Where the sections of the steps are."""


class StepEffect(NamedTuple):
    """What a step will do.

    Attributes:
        step: The step.
        action: Action of the statement for a failure.
        section: Number and title of the step in the specification; see `SPECIFICATION`.
        effect: What is checked, a sentence.
    """

    step: Step
    action: Action
    section: str
    effect: str


def step_effects(policy: TrustPolicy, user_metadata: Mapping[str, str] | None = None) -> tuple[StepEffect, ...]:
    """Returns what each step will do under a statement, in their order; none where it skips verification.

    Args:
        policy: The statement.
        user_metadata: Metadata that a signature must carry.
    """
    if policy.level.is_skip:
        return ()
    effects = {
        Step.INTEGRITY: "The envelope is well formed, its signature holds, and it is for this very content.",
        Step.AUTHENTICITY: _authenticity(policy),
        Step.EXPIRY: "The signature has not expired, if its signer has set an expiry.",
        Step.AUTHENTIC_TIMESTAMP: _timestamp(policy),
        Step.REVOCATION: (
            "No certificate of the chain is revoked, by the OCSP responders and CRLs that they name; they are asked "
            "once the signer is known to be trusted. A certificate that names none brings a warning. A plugin that the "
            "signature names may check this instead."
        ),
        Step.EXTENDED_VALIDATION: (
            "Nothing for most signatures. The plugin that a signature names is called, and critical attributes that "
            "no one has processed are refused."
        ),
        Step.USER_METADATA: _metadata(user_metadata or {}),
    }
    return tuple(
        StepEffect(step, action, section, "Not made." if action is Action.SKIP else effects[step])
        for step, _, section in STEPS
        for action in (action_of(policy, step),)
    )


def _authenticity(policy: TrustPolicy) -> str:
    schemes = {scheme: policy.stores_of(STORE_TYPES[scheme]) for scheme in (X509, SIGNING_AUTHORITY)}
    named = [f"{_any_of(stores)} (scheme {scheme})" for scheme, stores in schemes.items() if stores]
    texts = ["Every signature fails: its trust stores are of no type that vouches for signers."]
    if named:
        texts = [f"A certificate of the chain is in {' or '.join(named)}."]
        texts.append(_signers(policy))
    missing = [scheme for scheme, stores in schemes.items() if not stores]
    texts += [f"Signatures of the scheme {each} fail: they need a store {STORE_TYPES[each]}:…" for each in missing]
    return " ".join(texts if named else texts[:1])


def _signers(policy: TrustPolicy) -> str:
    if policy.identities == (ANY,):
        return "Any signer of these is trusted."
    if not x509_identities(policy.identities):
        return "No identity is an x509.subject: a plugin that the signature names has to accept the signer."
    return "The signing certificate's subject matches one of the trusted identities, unless a plugin checks them."


def _any_of(stores: list[StoreReference]) -> str:
    return " or ".join(map(str, stores))


def _timestamp(policy: TrustPolicy) -> str:
    if not policy.stores_of(STORE_TYPES[X509]):
        return "The chain was valid at the authentic signing time, for which the signing authority vouches."
    stores = _any_of(policy.stores_of(StoreType.TSA))
    of_authority = " Where a signing authority vouches for the time, the chain was valid then."
    texts = {
        None: "The certificates of the chain are valid now: no tsa store is named, so no timestamp is looked at.",
        VerifyTimestamp.ALWAYS: (
            f"The signature has a timestamp by an authority in {stores}, and all certificates of the chain were valid "
            "then."
        ),
        VerifyTimestamp.AFTER_CERT_EXPIRY: (
            "The certificates of the chain are valid now; once one has expired, the signature has a timestamp by an "
            f"authority in {stores}, and all were valid then."
        ),
    }
    return texts[policy.timestamp_condition] + of_authority * bool(policy.stores_of(StoreType.SIGNING_AUTHORITY))


def _metadata(asked: Mapping[str, str]) -> str:
    if not asked:
        return "Nothing: no metadata is asked for."
    return f"The signature carries {', '.join(f'{key}={value}' for key, value in asked.items())}."
