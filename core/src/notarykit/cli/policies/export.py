"""`policy export`: a trust policy in notation's form, for repositories that are named."""

import json
import sys

from notarykit._internal.printable import printable
from notarykit.cli.options import Command, Flag, Options, from_flag
from notarykit.cli.policies.source import POLICY_FLAG, load
from notarykit.config.policy import ARTIFACT_POLICY
from notarykit.errors import UsageError


def _run(options: Options) -> int:
    from notarykit.cli.batch.lines import sound_lines
    from notarykit.trust.export import export_policy

    path = options.text("from")
    repositories = [*options["for"], *(line.text for line in (sound_lines(path) if path else ()))]
    if not repositories:
        raise UsageError("missing repositories", advice="name them with --for, or in a file with --from")
    path, document = load(ARTIFACT_POLICY, options["policy"])
    exported = export_policy(document, repositories)
    content = json.dumps(exported.to_json(), indent=4).encode("ascii") + b"\n"
    ARTIFACT_POLICY.parse(content, "the exported trust policy")  # what notation would refuse is not written
    for repository in exported.untrusted:
        print(f"Warning: no statement applies to {printable(repository)}, in {printable(path)} too", file=sys.stderr)
    for name in exported.left_out:
        print(f"Warning: statement '{printable(name)}' is for none of the repositories: left out", file=sys.stderr)
    expanded = [name for name in exported.expanded if name not in exported.left_out]
    if expanded:
        names = ", ".join(f"'{printable(name)}'" for name in expanded)
        print(f"Note: {names}: for the repositories that were named, and no others", file=sys.stderr)
    print(content.decode("ascii"), end="")
    return 0


EXPORT = Command(
    "[flags] (--for <repository>... | --from <file>)",
    "Write the trust policy in the form of notation, for the repositories that are named",
    _run,
    (
        POLICY_FLAG,
        Flag("for", "repository, registry/repository; repeatable", "texts"),
        from_flag("file with further repositories, one a line, # for comments; - for standard input"),
    ),
    examples=(
        (
            "Have notation verify what is in two repositories as this policy does",
            (
                "notarykit policy export --for registry.example.com/team/app --for registry.example.com/team/web "
                "> trustpolicy.json"
            ),
        ),
    ),
)
