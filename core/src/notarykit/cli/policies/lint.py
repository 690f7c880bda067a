"""`policy lint` and `blob policy lint`: what is well formed in a trust policy and most likely not meant."""

from functools import partial
from typing import Any

from notarykit.cli.options import Arguments, Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, listing, print_json
from notarykit.cli.policies.source import read
from notarykit.config.policy import PolicyFile
from notarykit.errors import TrustPolicyError

_DAY = 24 * 3600


def _lint(file: PolicyFile[Any], options: Options) -> int:
    """Prints the findings, errors first."""
    from datetime import timedelta

    from notarykit._internal.printable import printable
    from notarykit.cli.verifiers import trust_stores
    from notarykit.explanation.lint.finding import Severity
    from notarykit.explanation.lint.policy import lint_policy

    path, content, document = read(file, next(iter(options.arguments), None))
    findings = lint_policy(document, trust_stores(), content=content, soon=timedelta(seconds=options["ends-within"]))
    findings.sort(key=lambda finding: finding.severity is not Severity.ERROR)
    if options["output"] == "json":
        print_json({"policy": path, "findings": [finding._asdict() for finding in findings]})
    elif findings:
        rows = [
            ((str(each.severity), each.statement, each.member), (each.problem, each.fix, f"({each.rule})"))
            for each in findings
        ]
        print(listing([(("SEVERITY", "STATEMENT", "MEMBER"), ("PROBLEM AND REMEDY",)), *rows]), end="")
    else:
        print(f"{printable(path)}: nothing was found")
    failing = (Severity.ERROR, Severity.WARNING) if options["fail-on"] == "warning" else (Severity.ERROR,)
    return TrustPolicyError.exit_code if any(each.severity in failing for each in findings) else 0


def lint_command(file: PolicyFile[Any], example: str) -> Command:
    """Returns the command for a kind of trust policy file."""
    return Command(
        "[flags] [<file_path>]",
        f"Find in a {file.kind} what is most likely not meant: by default in the user's own",
        partial(_lint, file),
        (
            OUTPUT_FLAG,
            Flag("ends-within", "report certificates of trust stores that end so soon", "duration", default=90 * _DAY),
            Flag(
                "fail-on",
                'severity of the findings that end the command with an error, "error" or "warning"',
                default="error",
                choices=("error", "warning"),
            ),
        ),
        arguments=Arguments(0, 1),
        examples=(("Check a policy before it is imported", example),),
    )
