"""Options of signing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from notarykit._internal.rfc3339 import utc_now
from notarykit.errors import UsageError
from notarykit.keys.chain import Chain

_ONE_SECOND = timedelta(seconds=1)


class TimestampSource(Protocol):
    """Source of timestamps (RFC 3161): `TimestampClient`, or an object of a program's own."""

    def stamp(self, signature: bytes, chain: Chain, now: datetime) -> bytes:
        """Returns a timestamp of a signature (signature specification, "Unsigned Attributes", "Timestamp Signature").

        Args:
            signature: Primitive signature, as it is in the envelope: its hash is the message imprint.
            chain: Chain of the signer; the imprint has the hash algorithm of its key's spec.
            now: Present time, with a time zone.

        Returns:
            The TimeStampToken (CMS ContentInfo) in DER, and not the TimeStampResp that it came in. It is stored
            as it is; whether it is verified is the source's to decide.

        Raises:
            TimestampError: There is no timestamp, or none that a verifier would accept.
        """


class SignOptions(NamedTuple):
    """Options of signing.

    Attributes:
        media_type: Format of the envelope, `application/jose+json` or `application/cose`. Without one it is the former,
            and in `notarykit.sign` the format of the user's settings.
        expires_in: Time after which the signature expires, in whole seconds, or None.
        user_metadata: Metadata that is signed along, as annotations of the payload.
        timestamper: Source of a timestamp countersignature (`notarykit.TimestampClient`), or None.
        agent: Software that the envelope names as the signing agent; this library by default.
        now: Signing time; the present by default.
    """

    media_type: str | None = None
    expires_in: timedelta | None = None
    user_metadata: Mapping[str, str] = {}
    timestamper: TimestampSource | None = None
    agent: str = ""
    now: datetime | None = None

    def time(self) -> datetime:
        """Returns the signing time.

        Raises:
            UsageError: The expiry is no whole number of seconds, or beyond what a time can be.
        """
        time, expires_in = self.now or utc_now(), self.expires_in
        if expires_in is None:
            return time
        if expires_in < _ONE_SECOND or expires_in % _ONE_SECOND:
            raise UsageError("expiry must be a whole number of seconds, at least one", advice="such as 24h or 90m")
        try:
            _ = time + expires_in
        except OverflowError:
            raise UsageError("expiry lies beyond the year 9999", advice="such as 24h or 90m") from None
        return time


DEFAULT_OPTIONS = SignOptions()
