"""A token behind a PKCS#11 module, handled from outside with OpenSC's pkcs11-tool and never in this process.

A module is initialised once in a process and reads its settings from the environment at that moment: whatever uses a
token is a process of its own, with the token's environment.
"""
# ruff: noqa: A002 - "id" is what PKCS#11 calls it

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from tests.support.ca import SPECS, Changes, TestChain, make_chain
from tests.support.requirements import program

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Kind = Literal["cert", "privkey", "pubkey"]

IDS: Mapping[str, bytes] = {spec: bytes([number]) for number, spec in enumerate(SPECS, 1)}
CA_IDS = (b"\xca\x01", b"\xca\x02")
KINDS: tuple[Kind, ...] = ("cert", "pubkey", "privkey")
_KEY_TYPES: Mapping[str, str] = {
    "RSA-2048": "rsa:2048",
    "RSA-3072": "rsa:3072",
    "RSA-4096": "rsa:4096",
    "EC-256": "EC:prime256v1",
    "EC-384": "EC:secp384r1",
    "EC-521": "EC:secp521r1",
}
# By the object identifier in DER.
_CURVES: Mapping[str, ec.EllipticCurve] = {
    "06082a8648ce3d030107": ec.SECP256R1(),
    "06052b81040022": ec.SECP384R1(),
    "06052b81040023": ec.SECP521R1(),
}
# Where pkcs11-tool finds the PINs, so that no list of processes shows them.
_USER, _OFFICER, _FRESH = "TOKEN_USER_PIN", "TOKEN_OFFICER_PIN", "TOKEN_FRESH_PIN"
_SLOT = re.compile(r"^Slot \d+ \(0x([0-9a-f]+)\)", re.MULTILINE)
_OBJECT = re.compile(r"^(Certificate|Public Key|Private Key) Object", re.MULTILINE)
_HEADS: Mapping[str, Kind] = {"Certificate": "cert", "Public Key": "pubkey", "Private Key": "privkey"}
_POINT = re.compile(r"EC_POINT: +([0-9a-f]+)\s+EC_PARAMS: +([0-9a-f]+)")
_SECONDS = 120.0


class ToolError(Exception):
    """Failure of pkcs11-tool, with its output."""


class Slot(NamedTuple):
    """A slot and the token in it.

    Attributes:
        number: Number of the slot in C_GetSlotList.
        label: Label of the token, empty if it is not initialised.
        serial: Serial number of the token, empty if it is not initialised.
    """

    number: int
    label: str
    serial: str


class Object(NamedTuple):
    """An object on a token.

    Attributes:
        kind: Type in pkcs11-tool's words.
        label: CKA_LABEL.
        id: CKA_ID.
        text: Description by pkcs11-tool.
    """

    kind: Kind
    label: str
    id: bytes
    text: str


@dataclass(frozen=True, eq=False)
class Token:
    """An initialised token.

    Attributes:
        kind: Software of the token: `softhsm`, `kryoptic`, `nss`, `tpm` or `opencryptoki`.
        module: PKCS#11 module, a shared library.
        label: The token's label.
        pin: The user's PIN.
        environment: Variables of a process that uses the token, added to its own.
        specs: The key specs that the token can hold.
        slot: The number of its slot.
        serial: Its serial number.
        chains: The chain of each key that `fill` made, by key spec.
    """

    kind: str
    module: Path
    label: str
    pin: str = field(repr=False)
    environment: dict[str, str] = field(repr=False)
    specs: tuple[str, ...] = SPECS
    slot: int = 0
    serial: str = ""
    chains: dict[str, TestChain] = field(default_factory=dict, repr=False)

    def make_key(
        self, spec: str, label: str, id: bytes, *, always_authenticate: bool = False, public_object: bool = True
    ) -> PublicKey:
        """Generates a key pair on the token and return its public key.

        Args:
            spec: One of the token's key specs.
            label: The CKA_LABEL of both objects.
            id: The CKA_ID of both objects.
            always_authenticate: Whether the private key asks for the PIN before each signature.
            public_object: Whether the public key stays on the token.
        """
        options = ["--always-auth"] if always_authenticate else []
        self.pkcs11_tool(
            "--keypairgen", "--key-type", _KEY_TYPES[spec], "--label", label, "--id", id.hex(), "--usage-sign",
            *options, login=True,
        )  # fmt: skip
        key = self.public_key(id)
        if not public_object:
            self.remove(id, "pubkey")
        return key

    def plugin_environment(self, **variables: str) -> dict[str, str]:
        """Returns the variables of a process that signs with the plugin: those of the token, its PIN, and more."""
        return {**self.environment, "PKCS11_MODULE_PATH": str(self.module), "PKCS11_PIN": self.pin, **variables}

    def public_key(self, id: bytes) -> PublicKey:
        """Reads a public key object."""
        text = next(each.text for each in self.objects(login=False) if each.id == id and each.kind == "pubkey")
        if point := _POINT.search(text):
            # A DER OCTET STRING; pkcs11-tool itself makes no key of it on P-384.
            size = 3 if point[1].startswith("0481") else 2
            return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[point[2]], bytes.fromhex(point[1])[size:])
        key = load_der_public_key(self.read(id, "pubkey"))
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    def store_certificate(self, der: bytes, label: str, id: bytes) -> None:
        """Writes a certificate object."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "certificate")
            file.write_bytes(der)
            names = ("--label", label, "--id", id.hex())
            self.pkcs11_tool("--write-object", str(file), "--type", "cert", *names, login=True)

    def read(self, id: bytes, kind: Literal["cert", "pubkey"]) -> bytes:
        """Returns a certificate or an RSA key's SubjectPublicKeyInfo, in DER."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "object")
            self.pkcs11_tool("--read-object", "--type", kind, "--id", id.hex(), "--output-file", str(file))
            return file.read_bytes()

    def remove(self, id: bytes, kind: Kind | Literal["all"]) -> None:
        """Removes every object of a kind, or of all kinds, that has an id."""
        for each in KINDS if kind == "all" else (kind,):
            done = None
            while done is None or done.returncode == 0:
                done = self.pkcs11_tool("--delete-object", "--type", each, "--id", id.hex(), login=True, check=False)
            if "object not found" not in done.stderr:
                raise ToolError(done.stderr)

    def objects(self, *, login: bool = True) -> list[Object]:
        """Returns the token's objects, with the private ones after a login."""
        # It lists every object, whatever it is asked for.
        _, *parts = _OBJECT.split(self.pkcs11_tool("--list-objects", login=login).stdout)
        objects = []
        for head, text in zip(parts[::2], parts[1::2], strict=True):
            fields = _fields(text)
            objects.append(Object(_HEADS[head], fields.get("label", ""), bytes.fromhex(fields.get("ID", "")), text))
        return objects

    def sign(self, id: bytes, data: bytes, *mechanism: str) -> bytes:
        """Returns a signature by the token's private key; ECDSA is r and s side by side."""
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder, "data"), Path(folder, "signature")
            source.write_bytes(data)
            self.pkcs11_tool(
                "--sign", "--id", id.hex(), "--mechanism", *mechanism,
                "--input-file", str(source), "--output-file", str(result), login=True,
            )  # fmt: skip
            return result.read_bytes()

    def mechanisms(self) -> tuple[str, ...]:
        """Returns the names of the token's mechanisms in pkcs11-tool's spelling."""
        lines = self.pkcs11_tool("--list-mechanisms").stdout.splitlines()
        return tuple(line.strip().split(",")[0] for line in lines if line.startswith("  "))

    def pkcs11_tool(self, *arguments: str, login: bool = False, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs pkcs11-tool on the token.

        Args:
            arguments: Its arguments.
            login: Whether to log in first, as the user.
            check: Whether a failure is an error.
        """
        options = ["--login", "--pin", f"env:{_USER}"] if login else []
        environment = {**self.environment, _USER: self.pin}
        return pkcs11_tool(self.module, environment, "--slot", str(self.slot), *options, *arguments, check=check)


def pkcs11_tool(
    module: Path, environment: Mapping[str, str], *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Runs pkcs11-tool with a module in an environment that is added to the present one."""
    done = subprocess.run(
        [program("pkcs11-tool"), "--module", str(module), *arguments], env={**os.environ, **environment},
        errors="replace", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip
    if check and done.returncode != 0:
        raise ToolError(f"pkcs11-tool {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done


def list_slots(module: Path, environment: Mapping[str, str]) -> list[Slot]:
    """Returns the slots of a module with a token, initialised or not."""
    _, *parts = _SLOT.split(pkcs11_tool(module, environment, "--list-slots").stdout)
    slots = []
    for number, text in zip(parts[::2], parts[1::2], strict=True):
        fields = _fields(text)
        if "empty" not in text.splitlines()[1]:
            slots.append(Slot(int(number, 16), fields.get("token label", ""), fields.get("serial num", "")))
    return slots


def _fields(text: str) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def initialise(
    module: Path, environment: Mapping[str, str], slot: int, *, label: str, pin: str, officer_pin: str
) -> Slot:
    """Initialises the token in a slot, give it a user's PIN and return where it is now: SoftHSM2 moves it."""
    before = list_slots(module, environment)
    pins = {**environment, _FRESH: pin, _OFFICER: officer_pin}
    officer = ("--so-pin", f"env:{_OFFICER}")
    pkcs11_tool(module, pins, "--slot", str(slot), "--init-token", "--label", label, *officer)
    fresh = next(each for each in list_slots(module, environment) if each.label == label and each not in before)
    options = ("--login", "--login-type", "so", *officer, "--new-pin", f"env:{_FRESH}")
    pkcs11_tool(module, pins, "--slot", str(fresh.number), "--init-pin", *options)
    return fresh


class _Held:
    """Stand-in for a private key on a token, of which a certificate needs the public key alone."""

    def __init__(self, public_key: Any) -> None:
        self._public_key = public_key

    def public_key(self) -> Any:
        return self._public_key


def chain_for(spec: str, public_key: PublicKey, authority: TestChain | None = None) -> TestChain:
    """A code-signing chain of three for a token's public key; it has no private keys.

    Args:
        spec: The key's spec.
        public_key: What the leaf certifies.
        authority: A chain of three whose CAs issue the leaf; otherwise there are new ones.
    """
    authority = authority or make_chain(length=3)
    held = _Held(public_key)
    cas = {place: Changes(key=authority.keys[place]) for place in (1, 2)}
    leaf = make_chain(spec, 3, leaf=Changes(key=held), cas=cas).ders[0]
    return TestChain(spec, (leaf, *authority.ders[1:]), (held,), authority.subjects)


def fill(token: Token) -> Token:
    """Makes one key for each of a token's specs, and store the chain of each: the same CAs issue them all."""
    authority = make_chain(length=3)
    for spec in token.specs:
        chain = token.chains[spec] = chain_for(spec, token.make_key(spec, spec, IDS[spec]), authority)
        token.store_certificate(chain.ders[0], spec, IDS[spec])
    for place, ca_id in enumerate(CA_IDS, 1):
        token.store_certificate(authority.ders[place], f"CA {place}", ca_id)
    return token


def recall(token: Token) -> Token:
    """Reads the chains of a token that another process has filled."""
    cas = [token.read(ca_id, "cert") for ca_id in CA_IDS]
    for spec in token.specs:
        ders = (token.read(IDS[spec], "cert"), *cas)
        certificates = [load_der_x509_certificate(der) for der in ders]
        held, subjects = _Held(certificates[0].public_key()), tuple(each.subject for each in certificates)
        token.chains[spec] = TestChain(spec, ders, (held,), subjects)
    return token
