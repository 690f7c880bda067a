"""Changes of a certificate that break one rule of the lint each."""

from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from notarykit.keys.chain_certificate import Purpose
from notarykit.keys.lint import Finding, lint
from tests.support.ca import Changes, key_usage, make_chain

CODE: Purpose = "code signing"
TIME: Purpose = "timestamping"
PURPOSES: tuple[Purpose, ...] = (CODE, TIME)
EKU = ExtendedKeyUsageOID


def with_extension(extension: x509.ExtensionType, *, critical: bool = True) -> Changes:
    """Returns the change that puts an extension into a certificate."""
    return Changes(put=((extension, critical),))


def with_raw_extension(oid: x509.ObjectIdentifier, der: bytes) -> Changes:
    """Returns the change that puts an extension of any bytes into a certificate."""
    return with_extension(x509.UnrecognizedExtension(oid, der))


# Keys of an unknown algorithm, on an unknown curve, of an unknown point form.
UNSUPPORTED_KEYS = tuple(
    Changes(swap=((bytes.fromhex(old), bytes.fromhex(new)),))
    for old, new in (
        ("06072a8648ce3d0201", "06072a8648ce3d0277"),
        ("2a8648ce3d030107", "2a8648ce3d030177"),
        ("03420004", "03420005"),
    )
)
SHA224 = Changes(hash_algorithm=hashes.SHA224())
NO_KEY_USAGE = Changes(without=(x509.KeyUsage,))
MALFORMED = with_raw_extension(ExtensionOID.KEY_USAGE, b"\5\0")


class BrokenRule(NamedTuple):
    """One rule and its field, a change that breaks it, and the purposes that have it."""

    rule: str
    field: str
    changes: Changes
    purposes: tuple[Purpose, ...] = PURPOSES

    def __str__(self) -> str:
        return self.rule


BROKEN_LEAVES = (
    BrokenRule("hash_is_allowed", "signatureAlgorithm", SHA224),
    BrokenRule("is_not_ca", "basicConstraints", with_extension(x509.BasicConstraints(ca=True, path_length=None))),
    BrokenRule("key_usage_is_present", "keyUsage", NO_KEY_USAGE),
    BrokenRule(
        "key_usage_is_critical", "keyUsage", with_extension(key_usage("digital_signature"), critical=False), (CODE,)
    ),
    BrokenRule("may_sign", "keyUsage", with_extension(key_usage("content_commitment"))),
    BrokenRule("has_no_other_key_usage", "keyUsage", with_extension(key_usage("digital_signature", "crl_sign"))),
    BrokenRule("key_is_supported", "subjectPublicKey", Changes(kind="EC-224")),
    BrokenRule("key_is_supported", "subjectPublicKey", Changes(kind="RSA-1024")),
    *(BrokenRule("key_is_supported", "subjectPublicKey", changes) for changes in UNSUPPORTED_KEYS),
    BrokenRule(
        "extended_key_usage_is_for_code",
        "extendedKeyUsage",
        with_extension(x509.ExtendedKeyUsage([EKU.CODE_SIGNING, EKU.SERVER_AUTH])),
        (CODE,),
    ),
    BrokenRule(
        "extended_key_usage_is_time_stamping", "extendedKeyUsage", Changes(without=(x509.ExtendedKeyUsage,)), (TIME,)
    ),
    BrokenRule("extensions_parse", "extensions", MALFORMED),
)
BROKEN_CAS = (
    BrokenRule("hash_is_allowed", "signatureAlgorithm", SHA224),
    BrokenRule("ca_key_is_strong", "subjectPublicKey", Changes(kind="EC-224")),
    BrokenRule("ca_key_is_strong", "subjectPublicKey", Changes(kind="RSA-1024")),
    BrokenRule("is_ca", "basicConstraints", Changes(without=(x509.BasicConstraints,))),
    BrokenRule("is_ca", "basicConstraints", with_extension(x509.BasicConstraints(ca=False, path_length=None))),
    BrokenRule(
        "basic_constraints_are_critical",
        "basicConstraints",
        with_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False),
    ),
    BrokenRule("key_usage_is_present", "keyUsage", NO_KEY_USAGE),
    BrokenRule(
        "key_usage_is_critical", "keyUsage", with_extension(key_usage("key_cert_sign"), critical=False), (CODE,)
    ),
    BrokenRule("may_sign_certificates", "keyUsage", with_extension(key_usage("crl_sign"))),
    BrokenRule("extensions_parse", "extensions", MALFORMED),
)


def each_purpose(broken: Sequence[BrokenRule]) -> list[tuple[BrokenRule, Purpose]]:
    """Returns each broken rule with each purpose that has it."""
    return [(rule, purpose) for rule in broken for purpose in rule.purposes]


def only_finding(ders: Sequence[bytes], purpose: Purpose = CODE) -> Finding:
    """Returns the only finding of the lint, which has a problem and a fix."""
    (finding,) = lint(ders, purpose)
    assert finding.problem
    assert finding.fix
    return finding


GOOD = make_chain(length=4)
