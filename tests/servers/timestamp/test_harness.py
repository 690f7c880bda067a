"""The timestamp authorities answer as `openssl ts` expects, before anything of ours asks them."""

import threading
from pathlib import Path

import pytest
import rfc3161_client
from cryptography import x509

from tests.servers.timestamp import digitorus, openssl_ts, sigstore
from tests.servers.timestamp.authority import REPLY_TYPE, Authority, make_query, post, verify
from tests.servers.timestamp.openssl_ts import OpensslAuthority, Settings
from tests.support.ca import TestChain, make_chain
from tests.support.requirements import require

MESSAGE = b"what is stamped"
AnyAuthority = Authority | OpensslAuthority


def _asked(folder: Path, authority: AnyAuthority, *options: str, cert: bool = True) -> tuple[bytes, bytes]:
    query = make_query(folder, MESSAGE, *(["-cert"] if cert else []), *options)
    answer = post(authority.url, query)
    assert (answer.status, answer.content_type) == (200, REPLY_TYPE)
    return query, answer.body


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_tokens_of_each_authority(tmp_path: Path, tsa: AnyAuthority, hash_name: str) -> None:
    """A response to each kind of query is good, with the root alone, as the token has the certificates below it."""
    query, response = _asked(tmp_path, tsa, f"-{hash_name}")

    assert verify(tmp_path, response, query, [tsa.root]) is None


def test_another_client_accepts_tokens_of_each_authority(tmp_path: Path, tsa: AnyAuthority) -> None:
    """A second implementation accepts the answers, for which it needs the certificates from elsewhere.

    All three authorities write the certificates leaf first and not in the order of DER, which it does not read.
    """
    _, response = _asked(tmp_path, tsa, cert=False)
    leaf, *between, root = map(x509.load_der_x509_certificate, tsa.chain)
    builder = rfc3161_client.VerifierBuilder(tsa_certificate=leaf, intermediates=between, roots=[root])

    assert builder.build().verify_message(rfc3161_client.decode_timestamp_response(response), MESSAGE)


def test_a_response_to_another_query_is_refused(tmp_path: Path, tsa: AnyAuthority) -> None:
    """The check that says `good` can say `bad` too."""
    _, response = _asked(tmp_path, tsa)
    another, _ = _asked(tmp_path, tsa)

    assert "nonce" in (verify(tmp_path, response, another, tsa.chain) or "")


def test_concurrent_clients_get_their_own_tokens(tmp_path: Path, tsa: AnyAuthority) -> None:
    """Each of several concurrent clients gets the response to its own query."""
    require("openssl")  # here, and not first in a thread
    verdicts: list[str | None] = []

    def ask(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        query, response = _asked(folder, tsa)
        verdicts.append(verify(folder, response, query, tsa.chain))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert verdicts == [None] * 4


@pytest.mark.parametrize("spec", ["RSA-2048", "EC-256", "EC-384"])
def test_the_go_authority_signs_with_the_chain_and_the_hash_that_it_is_given(
    tmp_path: Path, digitorus_program: str, spec: str
) -> None:
    """Each kind of key signs, here with SHA-384."""
    chain = make_chain(spec, purpose="timestamping")
    with digitorus.running(digitorus_program, chain, hash_name="sha384") as authority:
        query, response = _asked(tmp_path, authority)

    assert authority.root == chain.ders[-1]
    assert verify(tmp_path, response, query, [chain.ders[-1]]) is None


def test_go_authority_obeys_its_flags(
    tmp_path: Path, digitorus_program: str, digitorus_tsa: Authority, tsa_chain: TestChain
) -> None:
    """The clock, the accuracy, the policy and the content follow the flags."""
    with digitorus.running(
        digitorus_program, tsa_chain, skew="-48h", accuracy="1500ms", policy="2.4.5.7", certificates=False
    ) as authority:
        query, response = _asked(tmp_path, authority)
    _, usual = _asked(tmp_path, digitorus_tsa, cert=False)

    stamp = rfc3161_client.decode_timestamp_response(response)
    info, right = stamp.tst_info, rfc3161_client.decode_timestamp_response(usual).tst_info
    assert abs((right.gen_time - info.gen_time).total_seconds() - 48 * 3600) < 60
    assert info.policy.dotted_string == "2.4.5.7"
    assert info.accuracy is not None
    assert (info.accuracy.seconds, info.accuracy.millis) == (1, 500)
    assert not stamp.signed_data.certificates
    assert verify(tmp_path, response, query, [authority.root]) is not None
    assert verify(tmp_path, response, query, authority.chain) is None


def test_go_authority_refuses_on_request(tmp_path: Path, digitorus_program: str) -> None:
    """A refusal is a response with its status."""
    with digitorus.running(digitorus_program, refuse=2) as authority:
        _, response = _asked(tmp_path, authority)

    assert rfc3161_client.decode_timestamp_response(response).status == 2


def test_sigstore_can_leave_out_the_certificates_above_the_leaf(tmp_path: Path, sigstore_program: str) -> None:
    """The leaf alone is in the token where the chain is not asked of the server."""
    with sigstore.running(sigstore_program, chain_in_response=False) as authority:
        query, response = _asked(tmp_path, authority)

    assert len(rfc3161_client.decode_timestamp_response(response).signed_data.certificates) == 1
    assert verify(tmp_path, response, query, authority.chain) is None


@pytest.mark.parametrize(
    "settings",
    [
        Settings(accuracy="", ordering=True, tsa_name=True),
        Settings(ess_cert_id_chain=True, clock_precision_digits=3),
        Settings(ess_cert_id_alg="sha1"),
        Settings(ess_cert_id_alg="sha512", signer_digest="sha512"),
    ],
)
def test_the_openssl_authority_with_other_settings(tmp_path: Path, settings: Settings) -> None:
    """What the settings say is in the tokens, and the openssl command still accepts them."""
    with openssl_ts.running(make_chain("EC-256", purpose="timestamping"), settings) as authority:
        query, response = _asked(tmp_path, authority, "-tspolicy", "1.2.3.4.5")
        _, bare = _asked(tmp_path, authority, "-tspolicy", "1.2.3.4.5", cert=False)

    assert verify(tmp_path, response, query, [authority.root]) is None
    assert authority.seen[0].body == query
    info = rfc3161_client.decode_timestamp_response(bare).tst_info
    assert info.policy.dotted_string == "1.2.3.4.5"
    assert (info.accuracy is None) == (settings.accuracy == "")
    assert (info.name is not None) == settings.tsa_name


@pytest.mark.parametrize("which", ["digitorus_tsa", "openssl_tsa"])
def test_unknown_policy_is_refused(tmp_path: Path, request: pytest.FixtureRequest, which: str) -> None:
    """A policy that an authority does not have is refused in the response."""
    _, response = _asked(tmp_path, request.getfixturevalue(which), "-tspolicy", "1.9.9")

    assert rfc3161_client.decode_timestamp_response(response).status == 2


@pytest.mark.parametrize("which", ["digitorus_tsa", "openssl_tsa"])
def test_query_with_another_content_type_is_refused(tmp_path: Path, request: pytest.FixtureRequest, which: str) -> None:
    """Another content type is refused by HTTP."""
    assert post(request.getfixturevalue(which).url, make_query(tmp_path, MESSAGE), "text/plain").status == 415


def test_failing_server_reports_why() -> None:
    """A server that ends at once is reported without waiting."""
    with pytest.raises(RuntimeError, match="ended"), digitorus.running("false"):
        pass
    with pytest.raises(RuntimeError, match="ended"), sigstore.running("false"):
        pass
