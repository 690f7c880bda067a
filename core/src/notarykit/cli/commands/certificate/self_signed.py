"""`notarykit certificate`: generate-test, cleanup-test: a test key with a trusted self-signed certificate."""

import os
from datetime import timedelta

from notarykit._internal import files, locks
from notarykit._internal.paths import local_key_files
from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit.cli.options import YES_FLAG, Arguments, Command, Flag, Options
from notarykit.cli.output import confirmed
from notarykit.config.signing_keys import SigningKey, change_signing_keys, load_signing_keys
from notarykit.config.trust_store import add_certificate, remove_file, store_folder
from notarykit.errors import SigningKeyError, UsageError
from notarykit.trust.policy import StoreReference, StoreType, check_store_name

_VALIDITY = timedelta(hours=24)
_EARLIER = timedelta(minutes=5)  # the range of a timestamp begins before now by its accuracy
_BITS = (2048, 3072, 4096)


def _name(options: Options) -> str:
    try:
        return check_store_name(options.arguments[0])
    except ValueError:
        raise UsageError(f"name {options.arguments[0]!r} must be of letters, digits, '_', '.' and '-'") from None


def _generate(options: Options) -> int:
    """Generates a test key without overwriting anything."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from notarykit.keys.issue import default_subject, self_signed

    name, bits = _name(options), options["bits"]
    if bits not in _BITS:
        raise UsageError(f"RSA keys of {bits} bits are not supported", advice=f"use {', '.join(map(str, _BITS))}")
    key_path, cert_path = local_key_files(name)
    _refuse_existing(name, key_path, cert_path)
    print(f"generating RSA Key with {bits} bits")
    key = generate_private_key(65537, bits)
    certificate = self_signed(key, default_subject(name), utc_now() - _EARLIER, _VALIDITY + _EARLIER)
    with locks.locked(os.path.dirname(key_path)):  # checked again under the lock
        _refuse_existing(name, key_path, cert_path)
        print(f"generated certificate expiring on {format_rfc3339(certificate.not_valid_after_utc)}")
        files.write(key_path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        print(f"wrote key: {printable(key_path)}")
        files.write(cert_path, certificate.public_bytes(Encoding.PEM), 0o644)
        print(f"wrote certificate: {printable(cert_path)}")
        entry = SigningKey(name, key_path, cert_path)
        change_signing_keys(lambda keys: keys.with_key(entry, default=options["default"]))
        add_certificate(cert_path, StoreReference(StoreType.CA, name))
    print(f"Successfully added {name}.crt to named store {name} of type ca")
    print(f"{name}: added to the key list")
    if options["default"]:
        print(f"{name}: mark as default signing key")
    return 0


def _refuse_existing(name: str, *paths: str) -> None:
    advice = f"see 'notarykit certificate cleanup-test {name}'"
    if any(key.name == name for key in load_signing_keys().keys):
        raise SigningKeyError(f"signing key with name {name!r} already exists", advice=advice)
    for path in paths:
        if os.path.lexists(path):
            raise SigningKeyError(f"{path} already exists", advice=advice)


def _clean_up(options: Options) -> int:
    """Removes what `generate-test` wrote, as far as it still exists."""
    name = _name(options)
    key_path, cert_path = local_key_files(name)
    print(f"The test key {name} and its corresponding certificate will be cleaned up with the following changes:")
    print(f"- Delete certificate {name}.crt from trust store {name} of type ca")
    print(f"- Remove key {name} from the key list")
    print(f"- Delete key file: {printable(key_path)}")
    print(f"- Delete certificate file: {printable(cert_path)}\n")
    if not (options["yes"] or confirmed("Are you sure you want to continue?", "yes")):
        return 0
    folder = store_folder(StoreReference(StoreType.CA, name))
    _print_either(
        remove_file(os.path.join(folder, f"{name}.crt")),
        f"Successfully deleted certificate {name}.crt from trust store {name} of type ca.",
        f"Certificate {name}.crt does not exist in trust store {name} of type ca.",
    )
    listed = any(key.name == name and key.key_path == key_path for key in load_signing_keys().keys)
    if listed:
        change_signing_keys(lambda keys: keys.without((name,)))
    _print_either(
        listed, f"Successfully removed key {name} from the key list.", f"Key {name} does not exist in the key list."
    )
    for kind, path in (("key", key_path), ("certificate", cert_path)):
        _print_either(
            remove_file(path),
            f"Successfully deleted {kind} file: {printable(path)}.",
            f"{kind.capitalize()} file {printable(path)} does not exist.",
        )
    print("Cleanup completed successfully.")
    return 0


def _print_either(done: bool, yes: str, no: str) -> None:
    print(yes if done else no)


COMMANDS = {
    "cleanup-test": Command(
        "[flags] <common_name>",
        "Remove a test key and certificate created by generate-test",
        _clean_up,
        (YES_FLAG,),
        arguments=Arguments(1, 1, "missing certificate common_name"),
    ),
    "generate-test": Command(
        "[flags] <common_name>",
        "Generate a test RSA key and a corresponding self-signed certificate",
        _generate,
        (Flag("bits", "RSA key bits", "number", "b", 2048), Flag("default", "mark as default signing key", "switch")),
        arguments=Arguments(1, 1, "missing certificate common_name"),
        examples=(("Create a test key and trust it", "notarykit cert generate-test --default wabbit-networks.io"),),
    ),
}
