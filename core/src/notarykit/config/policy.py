"""Trust policy files: one for artifacts and one for blobs."""

import os
import stat
import warnings
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import blob_policy_files, policy_files
from notarykit.errors import ConfigurationWarning, StorageError, TrustPolicyError
from notarykit.trust.parsing import LARGEST_POLICY, parse_blob_policy_document, parse_policy_document
from notarykit.trust.policy import BlobTrustPolicyDocument, TrustPolicyDocument

_Document = TypeVar("_Document")


class PolicyFile(NamedTuple, Generic[_Document]):
    """Trust policy file of one kind of document.

    Attributes:
        kind: What the document is called in messages.
        places: Returns the paths, the first of which takes precedence; a new policy goes to the last.
        parse: Parses the document, whose name in messages is given.
        command: Command that manages the file, such as `policy`.
    """

    kind: str
    places: Callable[[], tuple[str, ...]]
    parse: Callable[[bytes, str], _Document]
    command: str

    def path(self) -> str | None:
        """Returns the path of the trust policy, or None if there is none; a warning is issued if there are two."""
        present = [path for path in self.places() if os.path.lexists(path)]
        for other in present[1:]:
            text = f"{present[0]} is used and {other} is not: keep one of them"
            warnings.warn(text, ConfigurationWarning, stacklevel=2)
        return present[0] if present else None

    def new_path(self) -> str:
        """Returns the path for a new policy: that of the present one, or the place that every notation reads."""
        return self.path() or self.places()[-1]

    def read(self) -> tuple[str, bytes]:
        """Returns the path and the content of the trust policy.

        Raises:
            TrustPolicyError: It does not exist, is no regular file, or cannot be read.
        """
        path = self.path()
        if path is None:
            places = self.places()
            absent = f"neither {' nor '.join(places)} exists" if len(places) > 1 else f"{places[0]} does not exist"
            raise TrustPolicyError(
                f"no {self.kind}: {absent}",
                advice=f"import one with 'notarykit {self.command} import FILE', "
                f"or create one with 'notarykit {self.command} init'",
            )
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise TrustPolicyError(f"{self.kind} {path} is not a regular file", advice="links are not followed")
            warn_of_other_writers(os.path.dirname(path), path)
            return path, files.read(path, LARGEST_POLICY)
        except (OSError, StorageError) as error:
            advice = "check its owner and its mode"
            raise TrustPolicyError(f"{self.kind} cannot be read: {error}", advice=advice) from None

    def load(self) -> _Document:
        """Returns the trust policy.

        Raises:
            TrustPolicyError: It does not exist, cannot be read, or is malformed.
        """
        return self.check(*self.read())

    def check(self, path: str, content: bytes) -> _Document:
        """Returns the trust policy of which `read` returned the path and the content.

        Raises:
            TrustPolicyError: It is malformed.
        """
        try:
            return self.parse(content, f"{self.kind} {path}")
        except TrustPolicyError as error:
            advice = f"correct it, or import another with 'notarykit {self.command} import --force FILE'"
            raise TrustPolicyError(error.message, advice=advice) from None


ARTIFACT_POLICY = PolicyFile("trust policy", policy_files, parse_policy_document, "policy")
"""`trustpolicy.oci.json`, else `trustpolicy.json`, where every notation looks for it."""

BLOB_POLICY = PolicyFile("blob trust policy", blob_policy_files, parse_blob_policy_document, "blob policy")
"""`trustpolicy.blob.json`."""


def load_policy() -> TrustPolicyDocument:
    """Returns the trust policy for artifacts.

    Raises:
        TrustPolicyError: It does not exist, cannot be read, or is malformed.
    """
    return ARTIFACT_POLICY.load()


def load_blob_policy() -> BlobTrustPolicyDocument:
    """Returns the trust policy for blobs.

    Raises:
        TrustPolicyError: It does not exist, cannot be read, or is malformed.
    """
    return BLOB_POLICY.load()
