"""Work on many items, and the outcome of one."""

from typing import Any, Generic, NamedTuple, TypeVar, cast

from notarykit.errors import NotarykitError

Item = TypeVar("Item")
Begun = TypeVar("Begun")
Result = TypeVar("Result")


class Work(Generic[Item, Begun, Result]):
    """Work that is done on each of many items; derive from it, at the top level of a module that workers can import.

    One object does all items that are done in its process, in several threads at once. For processes and machines it is
    pickled, with plain data alone (policies, certificates, settings, names of keys): each worker unpickles it once and
    keeps it, with its caches and connections, for all items with the same pickled bytes. Items and results are pickled
    too, so they should be small. Whatever a method raises is the outcome of its item alone (`own_error`).
    """

    def begin(self, item: Item) -> Begun:
        """Does the work on an item, up to the point where it only has to be waited for.

        At most `jobs` are in here at a time.
        """
        raise NotImplementedError

    def begin_again(self, item: Item) -> Begun:
        """Does the work on an item that may be done already, since the first worker died over it; `begin` by default.

        Called at most once for an item. Override it where doing the work twice leaves something behind.
        """
        return self.begin(item)

    def finish(self, begun: Begun) -> Result:
        """Waits until what `begin` returned is final, and returns the result: what `begin` returned by default.

        Called in the process of `begin`, while others begin; it does not count among `jobs`.
        """
        return cast("Result", begun)

    def close(self) -> None:
        """Releases connections. Called on the copies in workers; the object itself is the caller's to close."""


AnyWork = Work[Any, Any, Any]


class Outcome(NamedTuple, Generic[Item, Result]):
    """Outcome of one item of many: a result or an error.

    Among the items of `map_ordered` it is the outcome of one that needs no work.

    Attributes:
        item: The item.
        result: Result of the work, or None where it failed.
        error: Error of the work, or None.
        warnings: Warnings that were issued in a worker process, in order, for the caller to issue again. Those of work
            in threads of this process are issued there and then, unless `map_ordered` is to collect them.
    """

    item: Item
    result: Result | None = None
    error: NotarykitError | None = None
    warnings: tuple[Warning, ...] = ()

    def value(self) -> Result:
        """Returns the result.

        Raises:
            NotarykitError: The error of the work.
        """
        if self.error is not None:
            raise self.error
        return cast("Result", self.result)
