"""Agreement of lint and verifier on chains with random faults."""

import random
from collections.abc import Sequence

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from notarykit.errors import CertificateError
from notarykit.keys.chain import check_chain
from notarykit.keys.chain_certificate import Purpose
from notarykit.keys.lint import lint
from tests.support.ca import Changes, key_usage, make_chain, name
from tests.unit.keys.lint_cases import (
    BROKEN_CAS,
    BROKEN_LEAVES,
    EKU,
    GOOD,
    PURPOSES,
    UNSUPPORTED_KEYS,
    with_extension,
    with_raw_extension,
)

_POOL = (
    *(each.changes for each in (*BROKEN_LEAVES, *BROKEN_CAS) if each.changes not in UNSUPPORTED_KEYS),
    with_extension(x509.BasicConstraints(ca=True, path_length=0)),
    with_extension(x509.BasicConstraints(ca=True, path_length=1)),
    with_extension(x509.ExtendedKeyUsage([EKU.CODE_SIGNING])),
    with_extension(x509.ExtendedKeyUsage([EKU.TIME_STAMPING]), critical=False),
    with_extension(key_usage("digital_signature", "content_commitment")),
    with_extension(key_usage("digital_signature", "key_cert_sign")),
    with_raw_extension(x509.ObjectIdentifier("1.2.3.4"), b"anything"),
    Changes(issuer=name("Somebody Else")),
    Changes(kind="Ed25519"),
    Changes(kind="RSA-2048"),
    Changes(without=(x509.ExtendedKeyUsage,)),
)


def _changed_byte(der: bytes, thousandth: int, change: int) -> bytes:
    place = len(der) * thousandth // 1000
    return der[:place] + bytes((der[place] ^ change,)) + der[place + 1 :]


@st.composite
def _mutants(draw: st.DrawFn) -> tuple[tuple[bytes, ...], Purpose]:
    """Certificates for a purpose: a chain with none to three changes in its certificates or in its order."""
    purpose = draw(st.sampled_from(PURPOSES))
    length = draw(st.integers(1, 4))
    changes = draw(st.dictionaries(st.integers(0, length - 1), st.sampled_from(_POOL), max_size=2))
    made = make_chain(length=length, purpose=purpose, leaf=changes.get(0, Changes()), cas=changes)
    ders = list(made.ders)
    way = draw(st.sampled_from(["keep", "keep", "keep", "drop", "double", "shuffle", "add", "bytes", "purpose"]))
    place = draw(st.integers(0, length - 1))
    if way == "drop" and length > 1:
        del ders[place]
    elif way == "double":
        ders.insert(place, ders[place])
    elif way == "shuffle":
        random.Random(draw(st.integers())).shuffle(ders)
    elif way == "add":
        ders.insert(place, draw(st.sampled_from(GOOD.ders)))
    elif way == "bytes":
        ders[place] = _changed_byte(ders[place], draw(st.integers(0, 999)), draw(st.integers(1, 255)))
    elif way == "purpose":
        purpose = draw(st.sampled_from(PURPOSES))
    return tuple(ders), purpose


def _says_ca(der: bytes) -> bool:
    try:
        extension = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return extension.value.ca


def _error_of(ders: Sequence[bytes], purpose: Purpose) -> CertificateError | None:
    try:
        check_chain(ders, purpose)
    except CertificateError as error:
        return error
    return None


@settings(max_examples=250)
@given(_mutants())
def test_lint_agrees_with_the_verifier(mutant: tuple[tuple[bytes, ...], Purpose]) -> None:
    """Nothing is found exactly where a chain is accepted; what a chain is refused for is among the findings."""
    ders, purpose = mutant
    findings = lint(ders, purpose)
    if len(ders) == 1 and _says_ca(ders[0]):  # a CA's own certificate, which is no chain
        return
    refusal = _error_of(ders, purpose)
    if refusal is None:
        assert findings == []
    else:
        assert refusal.rule in {each.rule for each in findings}
