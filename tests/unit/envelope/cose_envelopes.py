"""COSE envelopes of one signer with changed protected headers."""

from typing import Any

import cbor2

from notarykit.envelope.cose import parse
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.unverified import UnverifiedEnvelope
from tests.support.ca import make_chain
from tests.support.envelopes import build_cose, cose_header

CHAIN = make_chain()
HEADER = cbor2.dumps(cose_header(CHAIN))
NOW = 1649228480


def parsed_with(changes: dict[Any, Any], **others: Any) -> UnverifiedEnvelope:
    """Returns the parsed envelope whose protected header has the changes; its signature holds."""
    envelope = parse(build_cose(CHAIN, cose_header(CHAIN, changes), **others))
    check_integrity(envelope)
    return envelope
