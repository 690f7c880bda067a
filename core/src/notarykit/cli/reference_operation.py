"""Operation of a command on each of its references to artifacts."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from notarykit._internal.printable import printable
from notarykit.cli.batch.items import FailedItem, Items
from notarykit.cli.batch.operation import Operation, Result
from notarykit.cli.options import Flag, Options, from_flag
from notarykit.cli.references import Target, parse_target, repositories
from notarykit.errors import ArtifactNotFoundError, NotarykitError

SEVERAL_FLAGS = (
    from_flag("file with further references, one a line, # for comments; - for standard input"),
    Flag("jobs", "number of references to work on at a time (default: the cores of this machine)", "number"),
    Flag("resume", "file for a journal, with which the same command goes on after an interruption"),
)


class ReferenceOperation(Operation[Target]):
    """Operation of a command on each of its references, and with its flags on the members of image indexes.

    Attributes:
        repositories: Repositories of the references.
    """

    noun = "reference"

    def __init__(self, options: Options) -> None:
        super().__init__(options, Items(options, partial(parse_target, options=options), "reference to an artifact"))
        self.repositories = repositories(options, self.items.first)

    @property
    def _is_expanded(self) -> bool:
        """True if a reference may stand for several artifacts."""
        return bool(self.options.values.get("recursive") or self.options.values.get("platform"))

    @property
    def has_one_item(self) -> bool:
        """True if there is one reference, for one artifact."""
        return self.items.is_one and not self._is_expanded

    def each(self) -> Iterator[Target | FailedItem]:
        """Yields the artifacts that the references stand for, in their order: one each without flags for indexes."""
        if not self._is_expanded:
            return iter(self.items)
        from notarykit.cli.index_expansion import Expansion

        return Expansion(self.options, self.repositories, self.is_expandable).expanded(iter(self.items))

    def count(self) -> int | None:
        """Returns the number of references, or None if it is unknown for how many artifacts they stand."""
        return None if self._is_expanded else self.items.count()

    def is_expandable(self, target: Target) -> bool:  # noqa: ARG002 - for operations that are about some artifacts alone
        """Returns False for a reference whose repository is not contacted."""
        return True

    def origin(self, item: Target) -> dict[str, Any]:
        """Returns the members that tell where an image index lists the artifact."""
        return item.index_members()

    def failed(self, item: Target | FailedItem, error: NotarykitError) -> Result:
        """Prints the error of a reference and returns the result: success where the artifact may be absent and is."""
        if isinstance(item, Target) and item.may_be_absent and isinstance(error, ArtifactNotFoundError):
            return Result(0, self.pass_over(item))
        return super().failed(item, error)

    def pass_over(self, target: Target) -> dict[str, Any]:
        """Prints that an artifact is absent which an image index lists, and returns the members of its JSON output.

        An index may list more than a mirror holds, and what is not there can be neither signed nor pulled.
        """
        name, platform = printable(target.text), printable(f" ({target.platform})" if target.platform else "")
        print(f"Warning: {name}{platform} is listed by an image index, and absent", file=sys.stderr)
        return {"absent": True}

    def warn_of_limit(self, target: Target, *, is_cut: bool) -> None:
        """Warns that an artifact has more signatures than `--max-signatures`."""
        if is_cut:
            limit = self.options["max-signatures"]
            text = f"there are more signatures than the limit of {limit}: see --max-signatures"
            prefix = "" if self.items.is_one else f"{printable(target.text)}: "
            print(f"Warning: {prefix}{text}", file=sys.stderr)
