"""Signature with one revocation endpoint, at which something goes wrong."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit.errors import RevocationError
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.verification.verdict import Verified
from tests.support.ca import TestChain
from tests.support.checking import sources
from tests.support.crls import NOW, make_crl
from tests.support.envelopes import sign_envelope
from tests.support.ocsp_answers import make_answer
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain
from tests.unit.verification.setting import outcomes, policy, store, verify

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SECONDS = 0.3
OCSP, CRL = ocsp_path(0), crl_path(0)


def leading_to(by: str) -> dict[str, Any]:
    """Returns the options of a chain whose leaf alone has an endpoint, of one kind."""
    return {"ocsp_at": {1: []}, "crl_at": {1: []}, "crl" if by == "ocsp" else "ocsp": False}


class RevocationScene:
    """Signature whose signer has one revocation endpoint."""

    def __init__(self, responder: Responder, by: str) -> None:
        self.on, self.by = responder, by
        self.sign_with(revocable_chain(responder.url(), **leading_to(by)))
        self.path = OCSP if by == "ocsp" else CRL

    def sign_with(self, chain: TestChain) -> None:
        """Takes another chain."""
        self.chain = chain
        self.envelope = sign_envelope(chain, now=NOW - HOUR * 5)

    def good(self, **knobs: Any) -> bytes:
        """Makes a good response or CRL."""
        return make_answer(self.chain, **knobs) if self.by == "ocsp" else make_crl(self.chain, **knobs)

    def put(self, content: bytes, content_type: str = "") -> None:
        """Serves content at the endpoint."""
        self.on.put(self.path, content, content_type or None)

    def verify(self, action: str, now: datetime = NOW, asking: RevocationFetcher | None = None, **options: Any) -> Any:
        """Verifies under a policy with an action for revocation."""
        trusted = policy("strict", override={"revocation": action})
        check = RevocationChecker(asking or sources(), **options)
        return verify(self.envelope, trusted=trusted, store=store(self.chain), now=now, revocation=check)

    def check_refused(
        self, text: str | re.Pattern[str], advice: str = "--ocsp-response or --crl", **options: Any
    ) -> None:
        """Checks that it is refused with text and advice if enforced, and passes with the text if logged."""
        pattern = text if isinstance(text, re.Pattern) else re.compile(re.escape(text))
        with pytest.raises(RevocationError) as caught:
            self.verify("enforce", **options)
        assert caught.value.message.startswith("revocation: ")
        assert pattern.search(caught.value.message), caught.value.message
        assert advice in caught.value.advice or advice in caught.value.message
        assert caught.value.exit_code == 1
        assert "Traceback" not in str(caught.value)
        verdict = self.verify("log", **options)
        assert isinstance(verdict, Verified)
        assert outcomes(verdict.results)["revocation"] == "log failed"
        (failed,) = (each for each in verdict.results if each.error)
        assert pattern.search(str(failed.error)), failed.error
        assert any(str(self.chain.subjects[0].rfc4514_string()) in line for line in failed.explained)

    def passes(self, **options: Any) -> None:
        """Checks that it is verified."""
        assert isinstance(self.verify("enforce", **options), Verified)
