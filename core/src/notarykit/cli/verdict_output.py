"""Verdicts as text: the line of each, its user metadata, warnings of steps that a policy only logs, and the steps."""

import sys

from notarykit._internal.printable import printable
from notarykit.cli.options import Options
from notarykit.cli.output import table
from notarykit.errors import NotarykitError, VerificationError
from notarykit.verification.decision import Failures
from notarykit.verification.verdict import Audited, Skipped, StepResult, Verdict, Verified


class VerdictOutput:
    """Prints verdicts.

    Args:
        options: Options of the command.
        metadata_heading: Sentence before the user metadata of a signature.
    """

    def __init__(self, options: Options, metadata_heading: str) -> None:
        self._is_text = options["output"] == "text"
        self._is_debug: bool = options["debug"]
        self._is_detailed: bool = options["verbose"] or options["debug"]
        self._metadata_heading = metadata_heading

    def accepted(self, subject: str, signature: str, verdict: Verdict, failures: Failures) -> None:
        """Prints the verdict on an artifact or blob that was accepted, or was not to be verified.

        Args:
            subject: The artifact or blob.
            signature: Its signature that was accepted; of no meaning where it was not to be verified.
            verdict: The verdict.
            failures: Its signatures that were not accepted, each with its error.
        """
        subject = printable(subject)
        if not isinstance(verdict, Skipped):
            self._print_details(subject, printable(signature), verdict, failures)
        if self._is_text:
            self._print_verdict(subject, verdict)

    def _print_details(self, subject: str, signature: str, verdict: Verified | Audited, failures: Failures) -> None:
        of_signature = f"{subject}: signature {signature}"
        if self._is_detailed:
            for name, error in failures:
                line = printable(error.one_line())
                print(f"{subject}: not accepted: signature {printable(name)}: {line}", file=sys.stderr)
            self._print_steps(f"{of_signature}, {_policy(verdict.policy, verdict.level.name)}", verdict.results)
        for result in verdict.results:
            if result.outcome == "failed" and result.error is not None:
                text = printable(result.error.one_line())
                problem = f'{result.step} was set to "log" and failed with error: {text}'
                print(f"Warning: {of_signature}: {problem}", file=sys.stderr)

    def _print_verdict(self, subject: str, verdict: Verdict) -> None:
        if isinstance(verdict, Skipped):
            print(f"Trust policy is configured to skip signature verification for {subject}")
        elif isinstance(verdict, Audited):
            print(f"Audited signature for {subject}: the signer is not trusted, and the trust policy permits it")
        else:
            print(f"Successfully verified signature for {subject}")
            if verdict.user_metadata:
                print(f"\n{self._metadata_heading}\n")
                print(table([("KEY", "VALUE"), *sorted(verdict.user_metadata.items())]), end="")

    def failed(self, subject: str, error: NotarykitError) -> str:
        """Prints the steps of signatures that were not accepted, if asked for, and returns the line of the error.

        Args:
            subject: The artifact or blob.
            error: Its error, with or without a verdict.
        """
        failures: Failures = getattr(error, "failures", ())
        policy = ""
        if isinstance(error, VerificationError) and error.policy:
            policy = _policy(error.policy, error.level)
        for name, failure in failures if self._is_detailed else ():
            signature = f"{printable(subject)}: signature {printable(name)}{policy and f', {policy}'}"
            self._print_steps(signature, getattr(failure, "results", ()))
        context = f"signature verification failed for {subject} under {policy}: " if policy else ""
        hint = " (see --verbose for each)" if len(failures) > 1 and not self._is_detailed else ""
        return f"{context}{error.one_line()}{hint}"

    def _print_steps(self, heading: str, results: tuple[StepResult, ...]) -> None:
        """Prints the outcome of each verification step; under `--debug` also its requests and responses."""
        print(f"{heading}:", file=sys.stderr)
        for result in results:
            text = result.error.message if result.error else result.note
            print(f"  {result.step}: {result.outcome}{f' ({printable(text)})' if text else ''}", file=sys.stderr)
            for line in result.explained if self._is_debug else ():
                print(f"    {printable(line)}", file=sys.stderr)


def _policy(name: str, level: str) -> str:
    return f"trust policy {printable(name)!r} at level {level}"
