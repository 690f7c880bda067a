"""Signatures that a registry has stored, and their listing."""

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError, UnlistedSignatureError
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.referrers_tag import IndexUpdate


class PushedSignature:
    """Stored signature; implements `notarykit.oci.repository.PushedSignature`.

    Attributes:
        manifest: The descriptor of the signature manifest.
    """

    def __init__(self, manifest: Descriptor, endpoint: RepositoryEndpoint, update: IndexUpdate | None) -> None:
        """Takes the pending update of the referrers index, or None where the referrers API lists the signature."""
        self.manifest = manifest
        self._endpoint = endpoint
        self._update = update
        endpoint.budget.pause()

    def is_listed(self, *, wait: bool = True) -> bool:
        """Returns True once the signature is listed for good; without waiting, False may mean not yet.

        Raises:
            UnlistedSignatureError: The referrers index cannot be written.
            KeyboardInterrupt: The user's, with the state of the signature as its text.
        """
        if self._update is None:
            return True
        self._endpoint.budget.resume()
        stored = f"{self._endpoint.place}: the signature {self.manifest.digest} is stored"
        try:
            return self._update.is_stable(wait=wait)
        except NotarykitError as error:
            raise UnlistedSignatureError(
                f"{stored}, but not listed, so that verifiers will not find it: {error.message}",
                advice=f"{error.advice}; then sign again" if error.advice else "sign again when that is mended",
                manifest=self.manifest.digest,
            ) from error
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{stored}, and may not be listed") from None
        finally:
            self._endpoint.budget.pause()
