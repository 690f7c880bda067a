"""Timestamp client: requests tokens over HTTP, and verifies each before it goes into an envelope.

RFC 3161, sections 2.2 and 3.4; signing and verification workflow, "Signing Steps".
"""

import math
import secrets
import time
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from notarykit._internal.deadline import seconds_left
from notarykit.errors import (
    CertificateError,
    NetworkError,
    NotarykitError,
    NotarykitWarning,
    TimestampError,
    UsageError,
)
from notarykit.keys.certificate import load_certificate
from notarykit.keys.chain import Chain
from notarykit.keys.pem import read_certificates
from notarykit.net.anonymous import anonymous_client
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.messages import Request
from notarykit.net.urls import redact_url
from notarykit.revocation.result import RevocationCheck
from notarykit.timestamp import tsp
from notarykit.timestamp.cms import LARGEST
from notarykit.timestamp.token import Timestamp, check_covers, verify_token

SECONDS = 15.0
_OK = 200
_MOST_HEADERS = 64 * 1024
# Below 2**159, since some authorities keep 20 bytes and a sign for it.
_NONCE_BITS = 159
_NOTABLE_DIFFERENCE = timedelta(minutes=5)
_CLOCK_DIFFERENCE = timedelta(seconds=1)
_LONGEST_WAIT = 5


class TimestampAuthority(NamedTuple):
    """Timestamp authority with its trust anchor.

    Attributes:
        url: Its URL, with `http` or `https`.
        root: The root certificate that its own must lead to, in PEM or DER.
        policy: The policy that its tokens must have, in dotted digits, or an empty string for any.
    """

    url: str
    root: bytes
    policy: str = ""


class TimestampClient:
    """Timestamps signatures: the first authority whose token is accepted is used.

    Args:
        authorities: The authorities, in the order in which they are tried.
        revocation: Refuses an authority's chain with a certificate that is revoked or whose status is not known.
        client: Sends the requests; one without credentials, if it is not given.
        seconds: How long each authority may take.

    Raises:
        UsageError: There is no authority, or its root is not one certificate.
    """

    def __init__(
        self,
        authorities: Sequence[TimestampAuthority],
        revocation: RevocationCheck,
        *,
        client: HttpClient | None = None,
        seconds: float = SECONDS,
    ) -> None:
        if not authorities:
            raise UsageError("no timestamp authority is given")
        self._authorities = [authority._replace(root=_one_root(authority)) for authority in authorities]
        self._revocation = revocation
        self._own_client = client
        self._client = client or anonymous_client()
        self._seconds = seconds

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling, unless the HTTP client is one of the program's own."""
        made = partial(TimestampClient, client=self._own_client, seconds=self._seconds)
        return made, (self._authorities, self._revocation)

    def stamp(self, signature: bytes, chain: Chain, now: datetime) -> bytes:
        """Returns a TimeStampToken for a primitive signature (not the TimeStampResp around it), in BER.

        Args:
            signature: The primitive signature.
            chain: The chain of its key, whose hash is used.
            now: The present time.

        Raises:
            TimestampError: No authority returned a token that a verifier accepts; the text has the reason for each.
        """
        failures: list[NotarykitError] = []
        for authority in self._authorities:
            try:
                token = self._ask(authority, signature, chain, now)
            except NotarykitError as error:
                url = redact_url(authority.url)
                failures.append(error if url in error.message else error.within(url))
                continue
            for failure in failures:
                warnings.warn(
                    f"another timestamp authority was used: {failure.message}", NotarykitWarning, stacklevel=2
                )
            return token
        raise _no_timestamp(failures)

    def _ask(self, authority: TimestampAuthority, signature: bytes, chain: Chain, now: datetime) -> bytes:
        token, timestamp = self._request(authority, signature, chain)
        if seconds := _seconds_too_early(timestamp, chain):
            time.sleep(seconds)
            token, timestamp = self._request(authority, signature, chain)
        check_covers(timestamp, chain)
        self._check_present(timestamp, now)
        self._revocation.check(timestamp.chain, now)
        return token

    def _request(self, authority: TimestampAuthority, signature: bytes, chain: Chain) -> tuple[bytes, Timestamp]:
        """Returns a token that is the answer to a request of ours, and its verified content."""
        spec, nonce = chain.key_spec, secrets.randbits(_NONCE_BITS)
        request = tsp.make_request(spec.hash_name, spec.digest(signature), nonce, authority.policy)
        token = tsp.read_response(self._post(authority.url, request))
        timestamp = verify_token(token, signature, [authority.root])
        if timestamp.nonce != nonce or timestamp.hash_name != spec.hash_name:
            raise TimestampError("the token is not the answer to this request")
        if authority.policy and timestamp.policy != authority.policy:
            raise TimestampError(f"the token has the policy {timestamp.policy}, not {authority.policy}")
        return token, timestamp

    def _check_present(self, timestamp: Timestamp, now: datetime) -> None:
        """Checks that the authority's chain is valid now, and warns of a time that is not the present."""
        if problem := timestamp.chain.outside_validity(now):
            raise CertificateError(problem, rule="valid_at_signing_time")
        difference = abs(timestamp.time - now)
        if difference > _NOTABLE_DIFFERENCE:
            warnings.warn(
                f"the timestamp authority's clock and this machine's differ by {difference}: check the clock",
                NotarykitWarning,
                stacklevel=2,
            )

    def _post(self, url: str, request: bytes) -> bytes:
        budget = Budget(LARGEST + _MOST_HEADERS, self._seconds)
        headers = {"Content-Type": "application/timestamp-query"}
        query = Request("POST", url, budget, LARGEST, headers, request, is_repeatable=False)
        response = self._client.send(query)
        if response.status != _OK:
            raise NetworkError(f"it answers with status {response.status}")
        if response.header("Content-Type").partition(";")[0].strip().lower() != "application/timestamp-reply":
            raise NetworkError("its answer is not of the type application/timestamp-reply")
        return response.body


def _seconds_too_early(timestamp: Timestamp, chain: Chain) -> int:
    """Returns how long to wait for a timestamp whose range does not begin before the signer's certificate.

    A certificate that is issued for one signature may be younger than the authority is exact. Whole seconds, since the
    authority may round to them; 0 if another cause is likelier, or the wait would be long.
    """
    begin = chain.leaf.not_valid_before_utc
    if not timestamp.earliest < begin <= timestamp.latest + _CLOCK_DIFFERENCE:
        return 0
    seconds = math.ceil((begin - timestamp.earliest).total_seconds())
    return seconds if seconds <= _LONGEST_WAIT and seconds < seconds_left() else 0


def _no_timestamp(failures: Sequence[NotarykitError]) -> TimestampError:
    """Returns one error for all failures, with the advice of the first that is about tokens."""
    own = (failure.advice for failure in failures if failure.advice and isinstance(failure, TimestampError))
    advice = next(own, "check --timestamp-url and --timestamp-root-cert, or sign without them")
    error = TimestampError(f"no timestamp: {'; '.join(failure.message for failure in failures)}", advice=advice)
    is_network = all(isinstance(failure, NetworkError) for failure in failures)
    return error.replace(exit_code=NetworkError.exit_code) if is_network else error


def _one_root(authority: TimestampAuthority) -> bytes:
    try:
        ders = read_certificates(authority.root, "the timestamp authority's root")
        certificates = [load_certificate(der, "the timestamp authority's root") for der in ders]
    except (CertificateError, TypeError) as error:
        raise UsageError(f"{redact_url(authority.url)}: {error}") from None
    if len(certificates) != 1:
        raise UsageError(f"{redact_url(authority.url)}: there are {len(certificates)} certificates, not one root")
    return ders[0]
