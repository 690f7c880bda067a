"""`notarykit policy`: init, import, show."""

from notarykit.cli.options import Flag
from notarykit.cli.policy_commands import PolicyCommands
from notarykit.config.policy import ARTIFACT_POLICY

COMMAND = PolicyCommands(
    ARTIFACT_POLICY,
    "Manage trust policy configuration for signature verification.",
    configuration="trust policy configuration",
    warning="trust policy configuration file",
    question="The trust policy file already exists, do you want to overwrite it?",
    imported="Trust policy configuration imported successfully.",
    flags=(Flag("scope", "repository that it applies to, registry/repository (default all)", "texts"),),
    scope=lambda options: {"registryScopes": options["scope"] or ["*"]},
    examples=(
        (
            "Trust all signers of a CA",
            'notarykit policy init --name all --trust-store ca:acme --trusted-identity "*"',
        ),
    ),
).group()
