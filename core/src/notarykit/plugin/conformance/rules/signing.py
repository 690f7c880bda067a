"""describe-key and generate-signature: plugin specification, "Signature Generator"."""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from notarykit.keys.signature import HASHES
from notarykit.keys.spec import KEY_SPECS, KeySpec
from notarykit.plugin.conformance.response import Response
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.rules.envelopes import envelope_spec
from notarykit.plugin.conformance.session import SAMPLES, DoesNotApply, Key, NotRun, Session
from notarykit.plugin.protocol.fields import Capability, Command

_LARGE = b"a large payload " * 65536  # 1 MiB, and nothing else about it is out of the ordinary
_MANY = 10


def _each(session: Session, check: Callable[[Key], str | None], *capabilities: Capability) -> str | None:
    return session.each(check, *(capabilities or (Capability.RAW,)))


@rule("describe-key.key-id", MUST, "describe-key")
def description_is_of_the_key(session: Session) -> str | None:
    """describe-key answers with the key id of the request."""

    def check(key: Key) -> str | None:
        response = key.description
        if response.failed:
            return str(response)
        found = response.members.get("keyId")
        return None if found == key.id else f"the answer is for {found!r}"

    return _each(session, check, Capability.RAW, Capability.ENVELOPE_FOR_BLOB)


@rule("describe-key.key-spec", MUST, "describe-key")
def spec_is_of_the_key(session: Session) -> str | None:
    """describe-key names one of the six key specs, that of the signing certificate's key."""

    def check(key: Key) -> str | None:
        if key.description.failed:
            raise DoesNotApply("describe-key failed")
        found = key.description.members.get("keySpec")
        if not (isinstance(found, str) and found in KEY_SPECS):
            return f"{found!r} is not one of {', '.join(KEY_SPECS)}"
        signing = key.leaf_spec if Capability.RAW in session.capabilities else envelope_spec(key)
        return None if signing.name == found else f"it is {found}, but the signing certificate's key is {signing.name}"

    return _each(session, check, Capability.RAW, Capability.ENVELOPE_FOR_BLOB)


@rule("generate-signature.key-id", MUST, "generate-signature")
def signature_is_of_the_key(session: Session) -> str | None:
    """generate-signature answers with the key id of the request."""

    def check(key: Key) -> str | None:
        response = key.successful_signature(SAMPLES[0])
        found = response.members.get("keyId")
        return None if found == key.id else f"the answer is for {found!r}"

    return _each(session, check)


@rule("generate-signature.algorithm", MUST, "generate-signature")
def algorithm_fits_the_key(session: Session) -> str | None:
    """The signing algorithm is the one that belongs to the signing certificate's key."""

    def check(key: Key) -> str | None:
        found, wanted = key.signature(SAMPLES[0]).members.get("signingAlgorithm"), key.leaf_spec.signing_algorithm
        return None if found == wanted else f"it is {found!r}, not {wanted!r}"

    return _each(session, check)


@rule("generate-signature.signature", MUST, "Signing workflow using plugin")
def signatures_hold(session: Session) -> str | None:
    """The signature holds over exactly the payload, under the signing certificate, whatever the payload."""

    def check(key: Key) -> str | None:
        for number, payload in enumerate(SAMPLES):
            try:
                response = key.signature(payload)
            except NotRun:
                if number:  # at least one was looked at
                    break
                raise
            problem = _problem(key, response, payload)
            if problem:
                return f"payload of {len(payload)} bytes: {problem}"
        return None

    return _each(session, check)


@rule("generate-signature.empty", SHOULD, "Error codes for describe-key and generate-signature")
def empty_payloads_are_refused(session: Session) -> str | None:
    """An empty payload, as any required member that is empty, is a VALIDATION_ERROR."""

    def check(key: Key) -> str | None:
        _check_usual(key)
        response = key.signature(b"")
        if not response.failed:
            return "it is signed"
        return None if response.code in ("", "VALIDATION_ERROR") else f"the code is {response.code}"

    return _each(session, check)


@rule("generate-signature.large", MUST, "generate-signature")
def large_payloads_are_signed(session: Session) -> str | None:
    """A payload of 1 MiB is signed as any other."""
    return _each(session, lambda key: _other_problem(key, _LARGE))


@rule("generate-signature.ecdsa-form", MUST, "signature-specification.md, Algorithm Selection; RFC 7518, 3.4")
def ecdsa_is_r_and_s(session: Session) -> str | None:
    """An ECDSA signature is r and s side by side, each of full length, and not DER."""

    def check(key: Key) -> str | None:
        if key.leaf_spec.is_rsa:
            raise DoesNotApply("the key is RSA")
        _check_usual(key)
        for _, signature in _signatures(key):
            if len(signature) != key.leaf_spec.signature_size:
                return f"it has {len(signature)} bytes, not {key.leaf_spec.signature_size}"
        return None

    return _each(session, check)


@rule("generate-signature.pss-salt", MUST, "signature-specification.md, Algorithm Selection; RFC 7518, 3.5")
def salt_is_as_long_as_the_hash(session: Session) -> str | None:
    """The salt of an RSASSA-PSS signature is as long as the hash."""

    def check(key: Key) -> str | None:
        if not key.leaf_spec.is_rsa:
            raise DoesNotApply("the key is EC")
        _check_usual(key)
        for payload, signature in _signatures(key):
            is_any = _holds(key, signature, payload, padding.PSS.AUTO)
            if is_any and not _holds(key, signature, payload, padding.PSS.DIGEST_LENGTH):
                return f"it is not of the {HASHES[key.leaf_spec.hash_name].digest_size} bytes of the hash"
        return None

    return _each(session, check)


@rule("generate-signature.key-spec", SHOULD, "generate-signature")
def other_specs_are_refused(session: Session) -> str | None:
    """A request with a key spec or hash that is not the key's is refused, never answered with another hash."""

    def check(key: Key) -> str | None:
        spec = key.request_spec
        other = next(each for each in KEY_SPECS.values() if each.hash_name != spec.hash_name)
        response = session.use_key(Command.GENERATE_SIGNATURE, key.signature_request(SAMPLES[0], other))
        return None if response.failed else f"{other.name} with {other.hash_name} is accepted for a key of {spec.name}"

    return _each(session, check)


@rule("generate-signature.at-once", SHOULD, "(notarykit)")
def ten_at_once(session: Session) -> str | None:
    """Ten signatures at the same time are as good as one."""
    from concurrent.futures import ThreadPoolExecutor

    def check(key: Key) -> str | None:
        payloads = [b"at once, number %d" % number for number in range(_MANY)]
        _check_usual(key)
        spec = key.request_spec
        session.reserve(_MANY)
        with ThreadPoolExecutor(_MANY) as pool:
            requests = [key.signature_request(payload, spec) for payload in payloads]
            responses = list(pool.map(lambda request: session.ask(Command.GENERATE_SIGNATURE, request), requests))
        problems = (_problem(key, response, payload) for response, payload in zip(responses, payloads, strict=True))
        return next((problem for problem in problems if problem), None)

    return _each(session, check)


def _signatures(key: Key) -> list[tuple[bytes, bytes]]:
    """Returns payloads with their signatures, as many as the session allows."""
    found = []
    for payload in SAMPLES:
        try:
            found.append((payload, key.signature(payload).bytes_of("signature")))
        except NotRun:
            break
    return [each for each in found if each[1]]


def _other_problem(key: Key, payload: bytes) -> str | None:
    """Returns the problem of the signature over an unusual payload."""
    _check_usual(key)
    return _problem(key, key.signature(payload), payload)


def _check_usual(key: Key) -> None:
    """Skips a rule if not even a usual payload is signed, which is another rule's subject."""
    if _problem(key, key.signature(SAMPLES[0]), SAMPLES[0]):
        raise DoesNotApply("ordinary payloads have no signature that holds")


def _problem(key: Key, response: Response, payload: bytes) -> str | None:
    """Returns the problem of a signature; its form and salt are other rules' subjects."""
    if response.failed:
        return str(response)
    signature = response.bytes_of("signature")
    if not signature:
        return "'signature' is not base64 with something in it"
    if not _holds(key, signature, payload, padding.PSS.AUTO):
        return "the signature does not hold under the signing certificate"
    return None


def _holds(key: Key, signature: bytes, payload: bytes, salt: object) -> bool:
    spec, public_key = key.leaf_spec, key.ordered[0].public_key()
    algorithm = HASHES[spec.hash_name]
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, payload, padding.PSS(padding.MGF1(algorithm), salt), algorithm)  # type: ignore[arg-type]
        elif isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(_der(signature, spec), payload, ec.ECDSA(algorithm))
    except (InvalidSignature, ValueError):
        return False
    return True


def _der(signature: bytes, spec: KeySpec) -> bytes:
    """Converts an ECDSA signature to DER, from r and s of any length or from DER."""
    if len(signature) != spec.signature_size and signature[:1] == b"\x30":
        return signature
    half = len(signature) // 2
    return utils.encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
