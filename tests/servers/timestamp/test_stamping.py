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


def test_a_token_is_of_one_signature_and_one_authority(stamp: Stamp, tsa: AnyAuthority) -> None:
    """Another signature has no timestamp by it, and under another root it is nobody's."""
    token = stamp(tsa)

    with pytest.raises(TimestampError, match="for another signature"):
        verify_token(token, b"another", [tsa.root])
    stranger = make_chain("RSA-2048", purpose="timestamping").ders[-1]
    with pytest.raises(TimestampError, match="trusted root"):
        verify_token(token, SIGNATURE, [stranger])
    with pytest.raises(TimestampError, match="trusted root"):
        stamp(tsa, root=stranger)


def test_no_bit_of_what_is_signed_can_be_flipped(stamp: Stamp, tsa: AnyAuthority) -> None:
    """The digest of the signature stands in the token, and cannot be another's."""
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


def test_the_older_attribute_alone_is_not_enough(stamp: Stamp) -> None:
    """An authority that hashes its certificate with SHA-1 gives no token that a verifier would accept."""
    with (
        openssl_ts.running(settings=Settings(ess_cert_id_alg="sha1")) as authority,
        pytest.raises(TimestampError, match=r"signing-certificate-v2 is absent.* by SHA-1 alone") as caught,
    ):
        stamp(authority)
    assert "ess_cert_id_alg = sha256" in caught.value.advice


@pytest.mark.parametrize("skew", ["24h", "-24h"])
def test_a_clock_that_is_a_day_off(stamp: Stamp, digitorus_program: str, skew: str) -> None:
    """The token is good, its time is the authority's, and somebody is told to look at the clocks."""
    with digitorus.running(digitorus_program, skew=skew) as authority:
        with pytest.warns(NotarykitWarning, match="clock"):
            token = stamp(authority)
        timestamp = verify_token(token, SIGNATURE, [authority.root])
    wanted = utc_now() + (DAY if skew == "24h" else -DAY)
    assert abs(timestamp.time - wanted) < MINUTE


def test_a_clock_outside_the_signers_validity(stamp: Stamp, digitorus_program: str) -> None:
    """A token of a time at which the signer is not valid is not taken."""
    with (
        digitorus.running(digitorus_program, skew="-960h") as authority,
        pytest.raises(TimestampError, match="is not valid before"),
    ):
        stamp(authority)


def test_an_authority_that_leaves_out_its_certificates(stamp: Stamp, digitorus_program: str) -> None:
    """A token without the certificates that were asked for could not be verified, and is not taken."""
    with (
        digitorus.running(digitorus_program, certificates=False) as authority,
        pytest.raises(TimestampError, match="does not come with its signer's certificate"),
    ):
        stamp(authority)


def test_an_authority_that_sends_its_own_certificate_alone(stamp: Stamp, sigstore_program: str) -> None:
    """A token without the certificates between its signer's and the root cannot be verified, and is not taken."""
    with (
        sigstore.running(sigstore_program, chain_in_response=False) as authority,
        pytest.raises(TimestampError, match="does not lead to a trusted root"),
    ):
        stamp(authority)


def test_an_authority_that_refuses(
    stamp: Stamp, digitorus_program: str, digitorus_tsa: Authority, openssl_tsa: OpensslAuthority
) -> None:
    """A refusal is told as one, and the next authority is asked."""
    with digitorus.running(digitorus_program, refuse=2) as refusing:
        with pytest.raises(TimestampError, match=r"refuses \(rejection\)"):
            stamp(refusing)
        with pytest.warns(NotarykitWarning, match="another timestamp authority was used"):
            token = stamp(refusing, digitorus_tsa)
        _verified(token, digitorus_tsa)
    with pytest.raises(TimestampError, match=r"refuses \(rejection\): .*policy"):
        stamp(openssl_tsa, policy="1.2.3.4.99")


def test_a_policy_is_asked_for(stamp: Stamp, digitorus_tsa: Authority, openssl_tsa: OpensslAuthority) -> None:
    """A token has the policy that was asked for."""
    assert _verified(stamp(digitorus_tsa, policy=digitorus.POLICY), digitorus_tsa).policy == digitorus.POLICY
    assert _verified(stamp(openssl_tsa, policy="1.2.3.4.5"), openssl_tsa).policy == "1.2.3.4.5"
    assert _verified(stamp(openssl_tsa), openssl_tsa).policy == openssl_ts.POLICY


def test_an_authority_that_has_expired(stamp: Stamp, digitorus_program: str) -> None:
    """An authority whose clock stands at a time when it was valid gives no token today."""
    chain = make_chain("RSA-2048", purpose="timestamping", not_after=utc_now() - DAY)
    with (
        digitorus.running(digitorus_program, chain, skew="-48h") as authority,
        pytest.raises(TimestampError, match="expired on"),
    ):
        stamp(authority)
