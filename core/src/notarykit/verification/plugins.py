"""Whether a check is a verification plugin's; what that imports is imported where a signature names a plugin."""

from notarykit.verification.context import VerificationContext


def plugin_takes_over(progress: VerificationContext, capability: str) -> bool:
    """Whether the signature names a plugin that makes this check; most name none, and then nothing is imported."""
    if progress.intact.attributes.verification_plugin is None:
        return False
    from notarykit.verification import plugin

    return plugin.takes_over(progress, capability)
