"""The trust policy that a command reads: the user's own, or a file."""

from typing import TypeVar

from notarykit._internal import files
from notarykit.cli.options import Flag
from notarykit.config.policy import PolicyFile
from notarykit.errors import StorageError, UsageError
from notarykit.trust.parsing import LARGEST_POLICY

_Document = TypeVar("_Document")

POLICY_FLAG = Flag("policy", "trust policy file (default the user's own)")


def load(file: PolicyFile[_Document], path: str | None) -> tuple[str, _Document]:
    """Returns the path of a trust policy, and the policy; see `read`.

    Raises:
        UsageError: The other file cannot be read.
        TrustPolicyError: The policy is malformed, or there is none.
    """
    place, _, document = read(file, path)
    return place, document


def read(file: PolicyFile[_Document], path: str | None) -> tuple[str, bytes, _Document]:
    """Returns the path of a trust policy, its content, and the policy.

    Args:
        file: The user's file.
        path: Path of another file, or None.

    Raises:
        UsageError: The other file cannot be read, or its path is empty.
        TrustPolicyError: The policy is malformed, or there is none.
    """
    if path is None:
        own, content = file.read()
        return own, content, file.check(own, content)
    if not path:  # as of an unset variable in a script, which does not mean the user's own
        raise UsageError(f"the path of the {file.kind} is empty")
    try:
        content = files.read(path, LARGEST_POLICY)
    except FileNotFoundError:
        raise UsageError(f"failed to read {file.kind} file: {path} does not exist") from None
    except StorageError as error:
        raise UsageError(f"failed to read {file.kind} file: {error.message}") from None
    return path, content, file.parse(content, path)
