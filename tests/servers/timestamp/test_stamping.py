"""Our side asks each timestamp authority, and takes what is good and nothing else."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit._internal.rfc3339 import utc_now
from notarykit.errors import NotarykitWarning, TimestampError
from notarykit.keys.chain import check_chain
from notarykit.net.anonymous import anonymous_client
from notarykit.net.client import HttpClient
from notarykit.revocation.checker import RevocationChecker
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from notarykit.timestamp.token import Timestamp, verify_token
from tests.servers.timestamp import authority as openssl
from tests.servers.timestamp import digitorus, openssl_ts, sigstore
from tests.servers.timestamp.authority import Authority
from tests.servers.timestamp.openssl_ts import OpensslAuthority, Settings
from tests.support.ca import make_chain

AnyAuthority = Authority | OpensslAuthority
SIGNATURE = b"a signature"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SIGNERS = {spec: check_chain(make_chain(spec).ders) for spec in ("EC-256", "RSA-2048", "EC-384", "RSA-3072", "EC-521")}

Stamp = Callable[..., bytes]


@pytest.fixture
def stamp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stamp]:
    """Has a signature stamped by the first good authority, without asking anybody about revocation."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    client: HttpClient = anonymous_client()

    def stamped(*authorities: AnyAuthority, root: bytes | None = None, policy: str = "", spec: str = "EC-256") -> bytes:
        given = [TimestampAuthority(each.url, root or each.root, policy) for each in authorities]
        return TimestampClient(given, RevocationChecker(None), client=client).stamp(SIGNATURE, SIGNERS[spec], utc_now())

    yield stamped
    client.close()


def _verified(token: bytes, authority: AnyAuthority) -> Timestamp:
    timestamp = verify_token(token, SIGNATURE, [authority.root])
    assert abs(timestamp.time - utc_now()) < MINUTE
    assert timestamp.earliest <= timestamp.time <= timestamp.latest
    assert timestamp.chain.ders == tuple(authority.chain)
    return timestamp


@pytest.mark.parametrize("spec", SIGNERS)
def test_each_authority_stamps_each_key(tmp_path: Path, stamp: Stamp, tsa: AnyAuthority, spec: str) -> None:
    """A token of each authority for each key's hash is good here and for the openssl command."""
    token = stamp(tsa, spec=spec)

    timestamp = _verified(token, tsa)
    assert timestamp.hash_name == SIGNERS[spec].key_spec.hash_name
    assert timestamp.nonce is not None
    assert openssl.verify_token(tmp_path, token, SIGNATURE, [tsa.root]) is None


def test_token_belongs_to_one_signature_and_one_root(stamp: Stamp, tsa: AnyAuthority) -> None:
    """A token is refused for another signature, and under another root."""
    token = stamp(tsa)

    with pytest.raises(TimestampError, match="for another signature"):
        verify_token(token, b"another", [tsa.root])
    stranger = make_chain("RSA-2048", purpose="timestamping").ders[-1]
    with pytest.raises(TimestampError, match="trusted root"):
        verify_token(token, SIGNATURE, [stranger])
    with pytest.raises(TimestampError, match="trusted root"):
        stamp(tsa, root=stranger)


def test_every_bit_of_the_signature_is_covered(stamp: Stamp, tsa: AnyAuthority) -> None:
    """The token's imprint is that of the signature alone."""
    token, digest = stamp(tsa), hashlib.sha256(SIGNATURE).digest()
    assert token.count(digest) == 1
    with pytest.raises(TimestampError):
        verify_token(token.replace(digest, hashlib.sha256(b"another").digest()), b"another", [tsa.root])


@pytest.mark.parametrize("spec", ["RSA-2048", "RSA-4096", "EC-256", "EC-384", "EC-521"])
@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_the_go_authority_with_each_key_and_hash(
    stamp: Stamp, digitorus_program: str, spec: str, hash_name: str
) -> None:
    """An authority may sign with any kind of key and any of the hashes."""
    chain = make_chain(spec, purpose="timestamping")
    with digitorus.running(digitorus_program, chain, hash_name=hash_name) as authority:
        _verified(stamp(authority), authority)


@pytest.mark.parametrize(
    ("accuracy", "wanted"),
    [("0s", timedelta(0)), ("1500ms", timedelta(milliseconds=1500)), ("5s", timedelta(seconds=5))],
)
def test_the_accuracy_of_the_go_authority(
    stamp: Stamp, digitorus_program: str, accuracy: str, wanted: timedelta
) -> None:
    """The accuracy is what the authority says that it is."""
    with digitorus.running(digitorus_program, accuracy=accuracy) as authority:
        timestamp = _verified(stamp(authority), authority)
    assert timestamp.time - timestamp.earliest == timestamp.latest - timestamp.time == wanted


@pytest.mark.parametrize(
    "settings",
    [
        Settings(accuracy="", ordering=True, tsa_name=True),
        Settings(accuracy="secs:2, millisecs:1, microsecs:999"),
        Settings(ess_cert_id_chain=True, clock_precision_digits=3),
        Settings(ess_cert_id_chain=True, clock_precision_digits=6, tsa_name=True),
        Settings(ess_cert_id_alg="sha384", signer_digest="sha384"),
        Settings(ess_cert_id_alg="sha512", signer_digest="sha512"),
    ],
    ids=str,
)
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-384"])
def test_the_openssl_authority_with_each_setting(stamp: Stamp, settings: Settings, spec: str) -> None:
    """Whatever an honest authority puts into its tokens is good."""
    with openssl_ts.running(make_chain(spec, purpose="timestamping"), settings) as authority:
        _verified(stamp(authority), authority)


def test_signing_certificate_v1_alone_is_refused(stamp: Stamp) -> None:
    """A token with a SHA-1 signing-certificate alone is refused."""
    with (
        openssl_ts.running(settings=Settings(ess_cert_id_alg="sha1")) as authority,
        pytest.raises(TimestampError, match=r"signing-certificate-v2 is absent.* by SHA-1 alone") as caught,
    ):
        stamp(authority)
    assert "ess_cert_id_alg = sha256" in caught.value.advice


@pytest.mark.parametrize("skew", ["24h", "-24h"])
def test_clock_of_the_authority_a_day_off_warns(stamp: Stamp, digitorus_program: str, skew: str) -> None:
    """The token is accepted with the authority's time, and a warning about the clocks."""
    with digitorus.running(digitorus_program, skew=skew) as authority:
        with pytest.warns(NotarykitWarning, match="clock"):
            token = stamp(authority)
        timestamp = verify_token(token, SIGNATURE, [authority.root])
    wanted = utc_now() + (DAY if skew == "24h" else -DAY)
    assert abs(timestamp.time - wanted) < MINUTE


def test_time_outside_the_signers_validity_is_refused(stamp: Stamp, digitorus_program: str) -> None:
    """A token with a time at which the signer is not valid is refused."""
    with (
        digitorus.running(digitorus_program, skew="-960h") as authority,
        pytest.raises(TimestampError, match="is not valid before"),
    ):
        stamp(authority)


def test_token_without_certificates_is_refused(stamp: Stamp, digitorus_program: str) -> None:
    """A token without the requested certificates is refused."""
    with (
        digitorus.running(digitorus_program, certificates=False) as authority,
        pytest.raises(TimestampError, match="does not come with its signer's certificate"),
    ):
        stamp(authority)


def test_token_without_intermediates_is_refused(stamp: Stamp, sigstore_program: str) -> None:
    """A token without the certificates between its signer and the root is refused."""
    with (
        sigstore.running(sigstore_program, chain_in_response=False) as authority,
        pytest.raises(TimestampError, match="does not lead to a trusted root"),
    ):
        stamp(authority)


def test_refusal_is_reported_and_the_next_authority_tried(
    stamp: Stamp, digitorus_program: str, digitorus_tsa: Authority, openssl_tsa: OpensslAuthority
) -> None:
    """A refusal is reported as one, and the next authority is tried."""
    with digitorus.running(digitorus_program, refuse=2) as refusing:
        with pytest.raises(TimestampError, match=r"refuses \(rejection\)"):
            stamp(refusing)
        with pytest.warns(NotarykitWarning, match="another timestamp authority was used"):
            token = stamp(refusing, digitorus_tsa)
        _verified(token, digitorus_tsa)
    with pytest.raises(TimestampError, match=r"refuses \(rejection\): .*policy"):
        stamp(openssl_tsa, policy="1.2.3.4.99")


def test_requested_policy_is_in_the_token(
    stamp: Stamp, digitorus_tsa: Authority, openssl_tsa: OpensslAuthority
) -> None:
    """A token has the requested policy."""
    assert _verified(stamp(digitorus_tsa, policy=digitorus.POLICY), digitorus_tsa).policy == digitorus.POLICY
    assert _verified(stamp(openssl_tsa, policy="1.2.3.4.5"), openssl_tsa).policy == "1.2.3.4.5"
    assert _verified(stamp(openssl_tsa), openssl_tsa).policy == openssl_ts.POLICY


def test_expired_authority_is_refused(stamp: Stamp, digitorus_program: str) -> None:
    """A token by an authority that was valid at its time, and is not now, is refused."""
    chain = make_chain("RSA-2048", purpose="timestamping", not_after=utc_now() - DAY)
    with (
        digitorus.running(digitorus_program, chain, skew="-48h") as authority,
        pytest.raises(TimestampError, match="expired on"),
    ):
        stamp(authority)
