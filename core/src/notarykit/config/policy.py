"""Trust policy file."""

import os
import stat
import warnings

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import policy_files
from notarykit.errors import ConfigurationWarning, StorageError, TrustPolicyError
from notarykit.trust.policy import LARGEST_POLICY, TrustPolicyDocument, parse_policy_document


def policy_file() -> str | None:
    """Returns the path of the trust policy, or None if there is none.

    `trustpolicy.oci.json` takes precedence over `trustpolicy.json`; a warning is issued if both exist.
    """
    current, older = policy_files()
    if not os.path.lexists(current):
        return older if os.path.lexists(older) else None
    if os.path.lexists(older):
        warnings.warn(f"{current} is used and {older} is not: keep one of them", ConfigurationWarning, stacklevel=2)
    return current


def new_policy_file() -> str:
    """Returns the path for a new policy: the present file, or `trustpolicy.json`, which every notation reads."""
    return policy_file() or policy_files()[1]


def read_policy_file() -> tuple[str, bytes]:
    """Returns the path and the content of the trust policy.

    Raises:
        TrustPolicyError: It does not exist, is no regular file, or cannot be read.
    """
    path = policy_file()
    if path is None:
        raise TrustPolicyError(
            f"no trust policy: neither {' nor '.join(policy_files())} exists",
            advice="import one with 'notarykit policy import FILE', or create one with 'notarykit policy init'",
        )
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise TrustPolicyError(f"trust policy {path} is not a regular file", advice="links are not followed")
        warn_of_other_writers(os.path.dirname(path), path)
        return path, files.read(path, LARGEST_POLICY)
    except (OSError, StorageError) as error:
        raise TrustPolicyError(f"trust policy cannot be read: {error}", advice="check its owner and its mode") from None


def load_policy() -> TrustPolicyDocument:
    """Returns the trust policy.

    Raises:
        TrustPolicyError: It does not exist, cannot be read, or is malformed.
    """
    path, content = read_policy_file()
    try:
        return parse_policy_document(content, f"trust policy {path}")
    except TrustPolicyError as error:
        raise TrustPolicyError(
            error.message, advice="correct it, or import another with 'notarykit policy import --force FILE'"
        ) from None
