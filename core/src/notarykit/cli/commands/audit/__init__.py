"""`notarykit audit`: the inventory of registries, and shards of one put together."""

from notarykit.cli.commands.audit import merge, run
from notarykit.cli.options import Group

COMMAND = Group(
    "Audit the signatures of all artifacts in registries under the present trust policy.",
    {"merge": merge.COMMAND, "run": run.COMMAND},
    default="run",
)
