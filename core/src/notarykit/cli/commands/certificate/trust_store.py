"""`notarykit certificate`: add, delete, list, show: certificates in the trust store."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from notarykit._internal import files, locks
from notarykit._internal.paths import trust_store_root
from notarykit._internal.printable import printable
from notarykit.cli.options import ANY_NUMBER, YES_FLAG, Arguments, Command, Flag, Options
from notarykit.cli.output import confirmed, table
from notarykit.config.trust_store import add_certificate, remove_file, store_folder
from notarykit.errors import ConfigurationError, NotarykitError, StorageError, TrustStoreError, UsageError
from notarykit.trust.policy import StoreReference, StoreType, check_store_name
from notarykit.trust.store import LARGEST_FILE

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_LINE = "-" * 80


def _store(options: Options) -> StoreReference:
    options.required("type", "store")
    return StoreReference(_type(options["type"]), _store_name(options["store"]))


def _store_name(name: str) -> str:
    try:
        return check_store_name(name)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _type(text: str) -> StoreType:
    if text not in list(StoreType):
        raise UsageError(f"unsupported store type: {text}", advice=f"use {', '.join(StoreType)}")
    return StoreType(text)


def _file_name(name: str) -> str:
    """Checks that a file name does not leave the store's folder."""
    if name != os.path.basename(name) or name in ("", ".", ".."):
        raise UsageError(f"{name!r} is not a file name in a trust store", advice="see 'notarykit certificate list'")
    return name


def _add(options: Options) -> int:
    store = _store(options)
    added: list[tuple[str, tuple[bytes, ...]]] = []
    failed: list[NotarykitError] = []
    for path in options.arguments:
        try:
            added.append((path, add_certificate(path, store)))
        except NotarykitError as error:
            failed.append(error)
    if added:
        print(f"Successfully added following certificates to named store {store.name} of type {store.type}:")
        for path, ders in added:
            print(printable(path))
            if len(ders) > 1:
                _print_bundle(ders)
    if failed:
        reasons = "; ".join(error.one_line() for error in failed)
        problem = TrustStoreError(f"failed to add to named store {store.name} of type {store.type}: {reasons}")
        raise problem.replace(exit_code=max(error.exit_code for error in failed))
    return 0


def _print_bundle(ders: Sequence[bytes]) -> None:
    """Prints every certificate of a bundle, since the file's name does not tell how many are trusted from now on."""
    from hashlib import sha256

    from notarykit.keys.certificate import load_certificate, subject_of

    print(f"  {len(ders)} certificates:")
    for der in ders:
        print(f"  {printable(subject_of(load_certificate(der)))}, SHA256 {sha256(der).hexdigest()}")


def _list(options: Options) -> int:
    kinds = [_type(options["type"])] if options["type"] else list(StoreType)
    rows = []
    for kind in kinds:
        root = os.path.join(trust_store_root(), "x509", kind)
        names = [_store_name(options["store"])] if options["store"] else _entries(root)
        for name in names:
            rows += [(str(kind), name, file_name) for file_name in _entries(os.path.join(root, name))]
    if rows:
        print(table([("STORE TYPE", "STORE NAME", "CERTIFICATE"), *rows]), end="")
    return 0


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConfigurationError(f"trust store {folder} cannot be read: {error.strerror}") from None


def _show(options: Options) -> int:
    from notarykit.keys.certificate import load_certificate
    from notarykit.keys.pem import read_certificates

    store = _store(options)
    path = os.path.join(store_folder(store), _file_name(options.arguments[0]))
    try:
        ders = read_certificates(files.read(path, LARGEST_FILE), path)
    except FileNotFoundError:
        raise TrustStoreError(f"{path} does not exist", advice="see 'notarykit certificate list'") from None
    print("Certificate details")
    print(_LINE)
    for position, der in enumerate(ders):
        if position:
            print(_LINE)
        _print_certificate(load_certificate(der), der)
    return 0


def _print_certificate(certificate: "Certificate", der: bytes) -> None:
    from hashlib import sha256

    from notarykit.keys.certificate import issuer_of, subject_of
    from notarykit.keys.extensions import is_ca_certificate

    print("Issuer:", printable(issuer_of(certificate)))
    print("Subject:", printable(subject_of(certificate)))
    print(f"Valid from: {certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S +0000 UTC}")
    print(f"Valid to: {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S +0000 UTC}")
    print("IsCA:", "true" if is_ca_certificate(certificate) else "false")
    print("SHA256 Thumbprint:", sha256(der).hexdigest())


def _delete(options: Options) -> int:
    store = _store(options)
    folder = store_folder(store)
    if options["all"]:
        if options.arguments:
            raise UsageError("--all and a file name exclude each other")
        names = _entries(folder)
        if not names:
            raise TrustStoreError(f"named store {store.name} of type {store.type} does not exist or is empty")
        question = f"Are you sure you want to delete all certificates in '{store.name}' of type '{store.type}'?"
    elif options.arguments:
        names = [_file_name(options.arguments[0])]
        if not os.path.lexists(os.path.join(folder, names[0])):
            raise TrustStoreError(f"{names[0]} is not in {store}", advice="see 'notarykit certificate list'")
        question = f"Are you sure you want to delete '{printable(names[0])}' in '{store.name}' of type '{store.type}'?"
    else:
        raise UsageError("missing certificate file name", advice="give one, or --all")
    if not (options["yes"] or confirmed(question, "yes")):
        return 0
    with locks.locked(folder):
        for name in names:
            remove_file(os.path.join(folder, name))
    if options["all"]:
        try:
            os.rmdir(folder)
        except OSError as error:
            raise StorageError(f"{folder} cannot be removed: {error.strerror}") from None
        print(f"Successfully deleted {printable(folder)}")
    else:
        print(f"Successfully deleted {printable(names[0])} from the trust store.")
    return 0


_TYPE = Flag("type", "trust store type: ca, signingAuthority or tsa", short="t", names="store-types")
_STORE = Flag("store", "named store", short="s", names="stores")

COMMANDS = {
    "add": Command(
        "--type <type> --store <name> [flags] <cert_path>...",
        "Add certificates to the trust store",
        _add,
        (_TYPE, _STORE),
        arguments=Arguments(1, ANY_NUMBER, "missing certificate path"),
        examples=(("Trust a root", "notarykit cert add --type ca --store acme-rockets acme-rockets.crt"),),
    ),
    "delete": Command(
        "--type <type> --store <name> [flags] (--all | <cert_fileName>)",
        "Delete certificates from the trust store",
        _delete,
        (_TYPE, _STORE, YES_FLAG, Flag("all", "delete all certificates in the named store", "switch", "a")),
        arguments=Arguments(0, 1),
    ),
    "list": Command("[flags]", "List certificates in the trust store", _list, (_TYPE, _STORE), ("ls",)),
    "show": Command(
        "--type <type> --store <name> [flags] <cert_fileName>",
        "Show the certificates of a file in the trust store",
        _show,
        (_TYPE, _STORE),
        arguments=Arguments(1, 1, "missing certificate file name"),
    ),
}
