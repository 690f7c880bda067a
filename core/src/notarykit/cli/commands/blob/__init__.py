"""`notarykit blob`: signatures of files, and the trust policy for them."""

from notarykit.cli.options import CommandModules, Group

COMMAND = Group(
    "Sign, verify, inspect signatures of blob. Configure blob trust policy.",
    CommandModules(__name__, ("inspect", "policy", "sign", "verify")),
)
