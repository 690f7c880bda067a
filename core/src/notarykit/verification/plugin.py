"""Verification plugin that a signature names (plugin specification, "Verification workflow using plugin").

Nothing that a signature names is looked up before its signer is known to come from a trusted root, and no plugin gets a
signature whose authenticity has failed, whatever the level. Most signatures name no plugin, and then nothing of plugins
is imported.
"""

from notarykit.errors import ExtendedValidationError, NotarykitError
from notarykit.verification.context import FoundPlugin, VerificationContext
from notarykit.verification.options import VerifyingPlugin

TRUSTED_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
REVOCATION_CHECK = "SIGNATURE_VERIFIER.REVOCATION_CHECK"


def takes_over(context: VerificationContext, capability: str) -> bool:
    """Tells whether the signature's plugin can be used and makes a check in place of ours."""
    if context.intact.attributes.verification_plugin is None:
        return False
    if capability == REVOCATION_CHECK and not context.is_authentic:
        return False
    try:
        return capability in find_plugin(context).metadata.capabilities
    except NotarykitError:
        return False  # extended validation comes to the same end and says why


def find_plugin(context: VerificationContext) -> FoundPlugin:
    """Returns the signature's plugin, which is looked up once, whatever the outcome.

    Raises:
        NotarykitError: It cannot be found, is too old, or does not verify signatures.
    """
    if context.plugin_problem is not None:
        raise context.plugin_problem
    if context.found_plugin is None:
        try:
            context.found_plugin = _look_up(context)
        except NotarykitError as error:
            context.plugin_problem = error
            raise
    return context.found_plugin


def _look_up(context: VerificationContext) -> FoundPlugin:
    """Steps 1.1 to 1.3: the plugin exists, its version is high enough, and it verifies."""
    from notarykit.plugin.host.metadata import read_metadata
    from notarykit.plugin.names import check_name

    attributes, options = context.intact.attributes, context.options
    name = check_name(attributes.verification_plugin or "")
    try:
        plugin = (options.find_plugin or _installed)(name)
    except NotarykitError:
        raise
    except Exception as error:  # of the caller's own function
        raise ExtendedValidationError(f"plugin {name!r} cannot be found: {type(error).__name__}") from error
    metadata = read_metadata(plugin, options.plugin_config)
    if attributes.verification_plugin_min_version is not None:
        _check_version(name, metadata.version, attributes.verification_plugin_min_version)
    if not {TRUSTED_IDENTITY, REVOCATION_CHECK} & set(metadata.capabilities):
        raise ExtendedValidationError(f"plugin {name!r} does not verify signatures")
    return FoundPlugin(plugin, metadata)


def _installed(name: str) -> VerifyingPlugin:
    from notarykit.plugin.discovery.locate import load_plugin

    return load_plugin(name)


def _check_version(name: str, version: str, minimum: str) -> None:
    from notarykit.plugin.host.semver import SemanticVersion

    try:
        is_enough = SemanticVersion(version) >= SemanticVersion(minimum)
    except ValueError as error:
        raise ExtendedValidationError(f"the version of plugin {name!r} cannot be compared: {error}") from None
    if not is_enough:
        raise ExtendedValidationError(
            f"plugin {name!r} has version {version}, the signature needs {minimum}", advice="update the plugin"
        )
