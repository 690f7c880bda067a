"""Functions that install plugins, which a publisher whom the user's policy trusts has signed, and no others."""

import os
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from notarykit.api.settings import used_signature
from notarykit.errors import UsageError
from notarykit.loading import load_blob_verifier, load_registries, load_verifier
from notarykit.oci.reference import LayoutReference, Reference, as_reference
from notarykit.plugin.discovery.plugin_settings import load_plugin_settings
from notarykit.plugin.install.installer import install_source
from notarykit.plugin.install.source import read_source
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.published_plugin import (
    PluginDemand,
    VerifiedPlugin,
    check_blob_statement,
    verify_artifact,
    verify_file,
)

if TYPE_CHECKING:
    from notarykit.blob.signature_file import NamedSignature
    from notarykit.envelope.descriptor import Descriptor
    from notarykit.oci.registry.registries import Registries
    from notarykit.verification.blob import BlobVerifier
    from notarykit.verification.verdict import Verified
    from notarykit.verification.verifier import Verifier


class InstalledPlugin(NamedTuple):
    """Plugin that was verified and installed.

    Attributes:
        name: Name of the plugin.
        version: Version that is there now.
        earlier: Version that was there before, or an empty string.
        verdict: Verdict on the signature.
        target: Descriptor of what was signed: the file, or the artifact's manifest.
    """

    name: str
    version: str
    earlier: str
    verdict: "Verified"
    target: "Descriptor"


def install_plugin(
    path: str | os.PathLike[str],
    verify_with: str | PluginDemand = "",
    signature: str | os.PathLike[str] | bytes | None = None,
    *,
    verifier: "BlobVerifier | None" = None,
    force: bool = False,
) -> InstalledPlugin:
    """Verifies a plugin's file and installs it, as `notarykit plugin install --verify-with --file` does.

    The file is read once; the bytes that were verified are those that are installed. Nothing of them is unpacked or run
    before.

    Args:
        path: Path of the zip, tar.gz or executable.
        verify_with: Name of the trust policy statement for blobs, or what else is asked of the signature; by default
            the one that `notarykit.json` requires.
        signature: Path of the signature's file, or the bytes of the envelope; by default those beside the file.
        verifier: Trust policy for blobs and trust stores; by default the user's own (`load_blob_verifier`).
        force: Whether it may replace a version that is not lower, or one that does not work.

    Raises:
        UsageError: No statement is named.
        ConfigurationError: The user's settings, policy or trust stores cannot be used, or the statement does not
            enforce authenticity.
        VerificationError: No signature was accepted, or there is none.
        StorageError: The file or its signature cannot be read, the archive is malformed, or the plugin cannot be put in
            its place.
        PluginError: The plugin does not work, or is not newer than the one that is there.
    """
    from notarykit.blob.signature_file import read_signatures

    demand = _demand(verify_with)
    used = verifier or load_blob_verifier()
    check_blob_statement(used, demand)
    largest = used.max_envelope_size
    signatures: Iterable[NamedSignature]
    if signature is None:
        signatures = read_signatures(path, largest=largest)
    else:
        name, found = used_signature(signature, largest)
        signatures = [(name or "of the caller", found)]
    return _install(verify_file(used, read_source(os.fspath(path)), signatures, demand), force=force)


def install_plugin_artifact(
    reference: str | Reference | LayoutReference,
    verify_with: str | PluginDemand = "",
    *,
    verifier: "Verifier | None" = None,
    registries: "Registries | None" = None,
    scope: str = "",
    force: bool = False,
) -> InstalledPlugin:
    """Verifies a plugin in a registry and installs it, as `notarykit plugin install --verify-with --artifact` does.

    Args:
        reference: Reference of the artifact; see `verify`.
        verify_with: Name of the trust policy statement that must apply to the artifact's repository, or what else is
            asked of the signature; by default the one that `notarykit.json` requires.
        verifier: Trust policy and trust stores; by default the user's own (`load_verifier`).
        registries: Registries that are used; by default, as the user's settings say (`load_registries`).
        scope: `registry/repository`, by which the policy statement for an artifact in an image layout is chosen.
        force: Whether it may replace a version that is not lower, or one that does not work.

    Raises:
        NotarykitError: As `install_plugin`.
    """
    parsed = as_reference(reference)
    policy_scope = parsed.policy_scope(scope)
    demand = _demand(verify_with)
    used = verifier or load_verifier()
    with nullcontext(registries) if registries else load_registries() as opened:
        request = ArtifactRequest(partial(opened.open, parsed), parsed.identifier, policy_scope)
        found = verify_artifact(used, request, demand, str(parsed))
    return _install(found, force=force)


def _demand(verify_with: str | PluginDemand) -> PluginDemand:
    """Returns what is asked of the signature, with the statement that the settings require if none is named."""
    demand = PluginDemand(verify_with) if isinstance(verify_with, str) else verify_with
    statement = load_plugin_settings().statement(demand.statement)
    if not statement:
        raise UsageError(
            "no trust policy statement is named that the plugin is verified under", advice="name one with verify_with"
        )
    return demand._replace(statement=statement)


def _install(found: VerifiedPlugin, *, force: bool) -> InstalledPlugin:
    return InstalledPlugin(*install_source(found.source, force=force), found.verdict, found.target)
