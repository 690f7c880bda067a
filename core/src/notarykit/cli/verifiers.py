"""Verifiers by flags: what they say of limits, evidence and plugins, with the user's trust stores."""

from typing import TYPE_CHECKING

from notarykit._internal.paths import trust_store_root
from notarykit.cli.options import Flag, Options
from notarykit.cli.revocation_flags import (
    FILE_FLAGS,
    LIMIT_FLAGS,
    MAX_ENVELOPE_FLAG,
    SIGNATURE_FLAGS,
    max_envelope_size,
    revocation_checker,
)

if TYPE_CHECKING:
    from notarykit.trust.policy import BlobTrustPolicyDocument, TrustPolicyDocument
    from notarykit.trust.store import TrustStore
    from notarykit.verification.blob import BlobVerifier
    from notarykit.verification.verifier import Verifier

VERIFICATION_PLUGIN_FLAG = Flag(
    "plugin-config", "{key}={value} pair that is passed as it is to a verification plugin", "texts"
)
WANTED_METADATA_FLAG = Flag("user-metadata", "{key}={value} pair that the signature must contain", "texts", "m")
VERIFIER_FLAGS = (*FILE_FLAGS, *LIMIT_FLAGS, *SIGNATURE_FLAGS, VERIFICATION_PLUGIN_FLAG)
BLOB_VERIFIER_FLAGS = (
    *FILE_FLAGS,
    *LIMIT_FLAGS,
    MAX_ENVELOPE_FLAG._replace(help="maximum size of an envelope in MiB"),
    VERIFICATION_PLUGIN_FLAG,
)


def trust_stores() -> "TrustStore":
    """Returns the user's trust stores, each of which is read once."""
    from notarykit.trust.store import DirectoryTrustStore, read_once

    return read_once(DirectoryTrustStore(trust_store_root()))


def artifact_verifier(options: Options, policies: "TrustPolicyDocument") -> "Verifier":
    """Returns the verifier of artifacts that `VERIFIER_FLAGS` describe.

    Raises:
        UsageError: A flag is malformed, or a file of one cannot be read.
    """
    from notarykit.verification.verifier import Verifier

    return Verifier(
        policies,
        trust_stores(),
        plugin_config=options.pairs("plugin-config"),
        max_signatures=options["max-signatures"],
        max_envelope_size=max_envelope_size(options),
        revocation=revocation_checker(options),
    )


def blob_verifier(options: Options, policies: "BlobTrustPolicyDocument") -> "BlobVerifier":
    """Returns the verifier of blobs that `BLOB_VERIFIER_FLAGS` describe.

    Raises:
        UsageError: A flag is malformed, or a file of one cannot be read.
    """
    from notarykit.verification.blob import BlobVerifier

    return BlobVerifier(
        policies,
        trust_stores(),
        plugin_config=options.pairs("plugin-config"),
        max_envelope_size=max_envelope_size(options),
        revocation=revocation_checker(options),
    )
