"""`notarykit policy`: the trust policy for artifacts."""

from notarykit.cli.options import Flag
from notarykit.cli.policies.cases import TEST
from notarykit.cli.policies.explain import EXPLAIN
from notarykit.cli.policies.export import EXPORT
from notarykit.cli.policies.lint import lint_command
from notarykit.cli.policy_commands import PolicyCommands
from notarykit.config.policy import ARTIFACT_POLICY
from notarykit.trust.policy import PREFIX_VERSION, VERSION

COMMAND = PolicyCommands(
    ARTIFACT_POLICY,
    "Manage trust policy configuration for signature verification.",
    configuration="trust policy configuration",
    warning="trust policy configuration file",
    question="The trust policy file already exists, do you want to overwrite it?",
    imported="Trust policy configuration imported successfully.",
    flags=(
        Flag("scope", "repository that it applies to, registry/repository (default all)", "texts"),
        Flag(
            "document-version",
            'version of the document; under "notarykit/1", which notation refuses, scopes may end with /*',
            default=VERSION,
            choices=(VERSION, PREFIX_VERSION),
        ),
    ),
    scope=lambda options: {"registryScopes": options["scope"] or ["*"]},
    examples=(
        (
            "Trust all signers of a CA",
            'notarykit policy init --name all --trust-store ca:acme --trusted-identity "*"',
        ),
        (
            "Trust them for everything of a team",
            (
                "notarykit policy init --document-version notarykit/1 --scope 'registry.example.com/team/*' "
                '--name team --trust-store ca:acme --trusted-identity "*"'
            ),
        ),
    ),
    others={
        "explain": EXPLAIN,
        "export": EXPORT,
        "lint": lint_command(ARTIFACT_POLICY, "notarykit policy lint trustpolicy.json"),
        "test": TEST,
    },
).group()
