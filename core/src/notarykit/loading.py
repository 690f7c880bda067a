"""Objects that follow from the user's settings: trust policy and trust stores, signing keys, access to registries.

They are those of the command line; each can be changed, or made of other things.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from notarykit.net.budget import DEFAULT_SECONDS

if TYPE_CHECKING:
    from notarykit.envelope.signer import EnvelopeSigner, Signer
    from notarykit.keys.private import Passphrase
    from notarykit.oci.registry.auth import Credentials
    from notarykit.oci.registry.host import RegistryLimits
    from notarykit.oci.registry.registries import Registries
    from notarykit.trust.store import TrustStore
    from notarykit.verification.blob import BlobVerifier
    from notarykit.verification.verifier import Verifier


def load_verifier() -> "Verifier":
    """Returns a verifier with the user's trust policy and trust stores; `_replace` changes a part of it.

    Raises:
        TrustPolicyError: The trust policy is not there, cannot be read, or is malformed.
    """
    from notarykit.config.policy import load_policy
    from notarykit.verification.verifier import Verifier

    return Verifier(load_policy(), load_trust_store())


def load_blob_verifier() -> "BlobVerifier":
    """Returns a verifier with the user's trust policy for blobs and trust stores; `_replace` changes a part of it.

    Raises:
        TrustPolicyError: The trust policy is not there, cannot be read, or is malformed.
    """
    from notarykit.config.policy import load_blob_policy
    from notarykit.verification.blob import BlobVerifier

    return BlobVerifier(load_blob_policy(), load_trust_store())


def load_trust_store() -> "TrustStore":
    """Returns the user's trust stores. Each is read when it is needed.

    Raises:
        ConfigurationError: There is no place for settings.
    """
    from notarykit._internal.paths import trust_store_root
    from notarykit.trust.store import DirectoryTrustStore

    return DirectoryTrustStore(trust_store_root())


def load_signer(
    key: str = "",
    *,
    plugin_config: Mapping[str, str] | None = None,
    passphrase: "Passphrase | None" = None,
    timeout: float | None = None,
    for_blob: bool = False,
) -> "Signer | EnvelopeSigner":
    """Returns the signer for a key on the user's list of signing keys.

    Args:
        key: Name of the key; the default key by default.
        plugin_config: Settings for its plugin that come before those on the list.
        passphrase: Function that returns the passphrase of an encrypted local key; by default,
            `$NOTARYKIT_KEY_PASSPHRASE`.
        timeout: Time limit of each answer of its plugin in seconds; five minutes by default.
        for_blob: True to sign blobs: plugins that make envelopes may sign artifacts alone, or blobs alone.

    Raises:
        ConfigurationError: The list is malformed.
        SigningKeyError: The key is not on the list, or it or its chain cannot be read.
        PluginError: The plugin is not there, or cannot sign.
    """
    from notarykit.config.key_access import environment_passphrase, open_signer
    from notarykit.config.signing_keys import load_signing_keys

    entry = load_signing_keys().get(key)
    return open_signer(entry, plugin_config or {}, passphrase or environment_passphrase, timeout, for_blob=for_blob)


def load_registries(
    *,
    credentials: "Callable[[str], Credentials | None] | None" = None,
    ca_file: str = "",
    added_ca_file: str = "",
    plain_http: Iterable[str] = (),
    timeout: float = DEFAULT_SECONDS,
    limits: "RegistryLimits | None" = None,
) -> "Registries":
    """Returns registries with the user's settings: credentials, certificates, and the hosts that may use plain HTTP.

    `$NOTATION_USERNAME` and `$NOTATION_PASSWORD` are for one registry, as on the command line.

    Args:
        credentials: Function that returns the credentials for a repository, `host[:port]/name`, such as that of
            `parse_docker_config` or `load_docker_config`; by default the user's.
        ca_file: File of CA certificates in PEM that replace the system's, as `--ca-file`.
        added_ca_file: File of CA certificates in PEM that count beside the system's.
        plain_http: Hosts, `host[:port]`, that may be used without TLS, beside those of the user's settings.
        timeout: Time limit of a registry for one artifact, in seconds.
        limits: Limits on what is read and kept of a registry.

    Raises:
        ConfigurationError: The settings are malformed.
    """
    from notarykit.config.registries import RegistryOptions, credentials_in, registry_settings
    from notarykit.oci.registry.registries import Registries

    username, password = credentials_in(os.environ)
    options = RegistryOptions(username, password, frozenset(plain_http), ca_file=ca_file, added_ca_file=added_ca_file)
    settings = registry_settings(options)
    if credentials is not None:
        settings = settings._replace(credentials=credentials)
    if limits is not None:
        settings = settings._replace(limits=limits)
    return Registries(settings, timeout=timeout)
