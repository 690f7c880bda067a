"""Writing of bundles at the command line: what was collected is verified as the other side will, and then written."""

import sys
from typing import TYPE_CHECKING, Any

from notarykit._internal.printable import printable
from notarykit.bundle.verification import offline, verify_bundled
from notarykit.cli.bundles import PLUGIN_CONFIG_FLAG, description, summary
from notarykit.cli.diagnostics import print_error, warnings_about
from notarykit.cli.options import Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, print_json
from notarykit.cli.spinner import progress
from notarykit.errors import NotarykitError, RevocationError, own_error

if TYPE_CHECKING:
    from notarykit.bundle.writing import NewBundle
    from notarykit.verification.verifier import Verifier

WRITING_FLAGS = (
    Flag("allow-unverified", "write the bundle even if an artifact would not be verified with it", "switch"),
    OUTPUT_FLAG._replace(short=""),
    Flag("output-file", "path of the bundle, which is replaced if it exists", short="o"),
    PLUGIN_CONFIG_FLAG,
)


class BundleWriting:
    """Writing of a bundle, and what is wrong with its artifacts.

    Args:
        options: Options of the command.
        verifier: Trust policy and trust stores.
    """

    def __init__(self, options: Options, verifier: "Verifier") -> None:
        self._options = options
        self._verifier = verifier
        self._errors: list[tuple[str, NotarykitError]] = []
        self._problems: list[dict[str, Any]] = []

    @property
    def has_failed(self) -> bool:
        """True if an artifact failed."""
        return bool(self._errors)

    def add_problem(self, reference: str, signature: str, problem: NotarykitError) -> None:
        """Warns of a signature that is left out, or whose evidence is missing."""
        text = problem.message if isinstance(problem, RevocationError) else problem.one_line()
        print(f"Warning: {printable(reference)}: signature {signature}: {printable(text)}", file=sys.stderr)
        self._problems.append({"reference": reference, "signature": signature, "error": problem.to_json()})

    def add_error(self, reference: str, error: NotarykitError) -> None:
        """Notes the error of an artifact, which was printed."""
        self._errors.append((reference, error))

    def write(self, new: "NewBundle", path: str, done: str) -> int:
        """Verifies the artifacts, writes the bundle, describes it, and returns the exit code.

        Args:
            new: The bundle.
            path: Its path.
            done: Sentence before the path in the output.

        Raises:
            StorageError: The bundle cannot be written.
        """
        self._try_verification(new)
        if self.has_failed and not self._options["allow-unverified"]:
            return self.failed()
        with progress(f"Writing {path}"):
            new.write(path)
        if self._options["output"] == "json":
            print_json({"bundle": path, **description(new.bundle), "problems": self._problems})
        else:
            print(f"{done} " + "\n".join(map(printable, summary(new.bundle, path))))
        return 0

    def _try_verification(self, new: "NewBundle") -> None:
        """Verifies as the other side will: under the same trust, with nothing but the bundle."""
        verifier = offline(self._verifier, new.bundle)
        for artifact in new.bundle.artifacts:
            try:
                with warnings_about(artifact.reference):
                    verify_bundled(new.bundle, artifact, verifier, is_new=True)
            except Exception as raised:  # noqa: BLE001 - whatever is wrong with one artifact, the others are tried
                error = own_error(raised).within(f"{artifact.reference} would not be verified with the bundle")
                self.add_error(artifact.reference, error)
                print_error(raised, error.one_line(), debug=self._options["debug"])

    def failed(self) -> int:
        """Ends the command without a bundle: prints the errors as JSON, and returns the gravest exit code."""
        if self._options["output"] == "json":
            errors = [{"reference": text, "error": error.to_json()} for text, error in self._errors]
            print_json({"error": self._errors[0][1].to_json(), "errors": errors})
        codes = [error.exit_code for _, error in self._errors]
        return 1 if 1 in codes else max(codes)
