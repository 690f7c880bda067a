"""Source of policies: the folder, looked at again and again while the program runs."""

from collections.abc import Callable, Mapping

from notarykit_admission.policy.policies import Policies, counts, identity_of, load_policies
from notarykit_admission.policy.tree import Counts, read_tree


class PolicySource:
    """Policies as the folder has them; one that is broken leaves the last good ones in force.

    Args:
        folder: The folder.
        read: Function that reads it.

    Attributes:
        current: Policies that count now.

    Raises:
        NotarykitError: There are no good policies to begin with.
    """

    def __init__(self, folder: str, read: Callable[[str, Counts], Mapping[str, bytes]] = read_tree) -> None:
        self._folder = folder
        self._read = read
        files = read(folder, counts)
        self.current: Policies = load_policies(files)
        self._seen = self.current.identity

    def refresh(self) -> bool | None:
        """Looks at the folder, and returns True if other policies count since then; None while it is being changed.

        A new state is taken up when two looks have found the same, so that files that are copied one after the other
        are not taken half.

        Raises:
            NotarykitError: It cannot be read, or its new state is no good.
        """
        files = self._read(self._folder, counts)
        identity, seen = identity_of(files), self._seen
        self._seen = identity
        if identity == self.current.identity:
            return False
        if identity != seen:
            return None
        self.current = load_policies(files)
        return True
