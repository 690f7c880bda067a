"""`notarykit blob policy`: the trust policy for blobs."""

from notarykit.cli.options import Flag
from notarykit.cli.policies.explain_blob import EXPLAIN
from notarykit.cli.policies.lint import lint_command
from notarykit.cli.policy_commands import PolicyCommands
from notarykit.config.policy import BLOB_POLICY

COMMAND = PolicyCommands(
    BLOB_POLICY,
    "Manage blob trust policy configuration for arbitrary blob signature verification.",
    configuration="blob trust policy configuration",
    warning="blob trust policy configuration",
    question="The blob trust policy configuration already exists, do you want to overwrite it?",
    imported="Successfully imported blob trust policy configuration to {}.",
    flags=(Flag("global", "set the policy as the global policy", "switch"),),
    scope=lambda options: {"globalPolicy": True} if options["global"] else {},
    examples=(
        (
            "Trust all signers of a CA, for every blob that is verified without the name of a policy",
            'notarykit blob policy init --global --name all --trust-store ca:acme --trusted-identity "*"',
        ),
        (
            "Trust one signer where the policy is chosen by its name",
            (
                "notarykit blob policy init --name acme --trust-store ca:acme "
                '--trusted-identity "x509.subject: C=US, ST=WA, O=ACME"'
            ),
        ),
    ),
    others={
        "explain": EXPLAIN,
        "lint": lint_command(BLOB_POLICY, "notarykit blob policy lint trustpolicy.blob.json"),
    },
).group()
