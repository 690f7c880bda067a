"""A signature that a registry has stored, and how it comes to be listed."""

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError, UnlistedSignatureError
from notarykit.net.budget import Budget
from notarykit.oci.registry.referrers_tag import FallbackEntry


class PushedSignature:
    """A stored signature, as `notarykit.oci.repository.PushedSignature`.

    Attributes:
        manifest: The descriptor of the signature manifest.
    """

    def __init__(self, manifest: Descriptor, place: str, budget: Budget, entry: FallbackEntry | None) -> None:
        """Takes what else has to be listed, beside the referrers API; `place` is for messages."""
        self.manifest = manifest
        self._place = place
        self._budget = budget
        self._entry = entry
        budget.stop()

    def is_listed(self, *, wait: bool = True) -> bool:
        """Whether it is listed to stay; without waiting, it may be too early to say.

        Raises:
            UnlistedSignatureError: The fallback index cannot be written.
            KeyboardInterrupt: The user's, with what is known of the signature.
        """
        if self._entry is None:
            return True
        self._budget.go_on()
        try:
            return self._entry.is_there(wait=wait)
        except NotarykitError as error:
            raise UnlistedSignatureError(
                f"{self._place}: the signature {self.manifest.digest} is stored, but it is not listed and nobody will"
                f" find it: {error.message}",
                advice=f"{error.advice}; then sign again" if error.advice else "sign again when that is mended",
                manifest=self.manifest.digest,
            ) from error
        except KeyboardInterrupt:
            text = f"{self._place}: the signature {self.manifest.digest} is stored, and may not be listed"
            raise KeyboardInterrupt(text) from None
        finally:
            self._budget.stop()
