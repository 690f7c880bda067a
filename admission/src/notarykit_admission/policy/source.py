"""Source of policies: the folder, looked at again and again while the program runs."""

import logging
import time
from collections.abc import Callable, Mapping

from notarykit import NotarykitError
from notarykit_admission.message import one_line
from notarykit_admission.policy.loaded import Policies, counts, identity_of, load_policies
from notarykit_admission.policy.tree import Counts, read_tree

_log = logging.getLogger(__name__)


class PolicySource:
    """Policies as the folder has them; one that is broken leaves the last good ones in force.

    Args:
        folder: The folder.
        read: Function that reads it.

    Attributes:
        current: Policies that count now.
        problem: Reason why the folder's present state does not count, or an empty string.
        loaded: Time at which those that count were taken up, in seconds since 1970.
        looked: Time of the last look.

    Raises:
        NotarykitError: There are no good policies to begin with.
    """

    def __init__(self, folder: str, read: Callable[[str, Counts], Mapping[str, bytes]] = read_tree) -> None:
        self._folder = folder
        self._read = read
        files = read(folder, counts)
        self.current: Policies = load_policies(files)
        self.problem = ""
        self.loaded = self.looked = time.time()
        self._seen = self.current.identity

    def refresh(self) -> bool:
        """Looks at the folder, and returns True if other policies count since then.

        A new state is taken up when two looks have found the same, so that files that are copied one after the other
        are not taken half.
        """
        self.looked = time.time()
        try:
            files = self._read(self._folder, counts)
            identity, seen = identity_of(files), self._seen
            self._seen = identity
            is_new = identity != self.current.identity
            if is_new and identity != seen:
                return False
            if is_new:
                self.current, self.loaded = load_policies(files), self.looked
        except NotarykitError as error:
            self._report(one_line(error.one_line()))
            return False
        self.problem = ""
        return is_new

    def _report(self, problem: str) -> None:
        """Logs a problem once."""
        if problem != self.problem:
            _log.error("the policy folder does not count, and the last good one does: %s", problem)
        self.problem = problem
