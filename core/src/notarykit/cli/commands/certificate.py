"""`notarykit certificate`: the trust store's certificates, and test keys."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from notarykit._internal import files
from notarykit._internal.paths import trust_store_root
from notarykit.cli.commands.key_certificate import OF_KEYS
from notarykit.cli.options import Command, Flag, Group, Options
from notarykit.cli.output import confirmed, shown, table
from notarykit.config.trust_store import add_certificate, remove_file, store_folder
from notarykit.errors import (
    ConfigurationError,
    NotarykitError,
    StorageError,
    TrustStoreError,
    UsageError,
)
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
    """A file's name that stays in its folder."""
    if name != os.path.basename(name) or name in ("", ".", ".."):
        raise UsageError(f"{name!r} is no file name in a trust store", advice="see 'notarykit certificate list'")
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
            print(shown(path))
            if len(ders) > 1:
                _print_bundle(ders)
    if failed:
        reasons = "; ".join(each.one_line() for each in failed)
        problem = TrustStoreError(f"failed to add to named store {store.name} of type {store.type}: {reasons}")
        problem.exit_code = max(each.exit_code for each in failed)
        raise problem
    return 0


def _print_bundle(ders: Sequence[bytes]) -> None:
    """Says what else is trusted from now on: a bundle may hold more than its name promises."""
    from hashlib import sha256

    from notarykit.keys.certificate import load_certificate, subject_of

    print(f"  {len(ders)} certificates:")
    for der in ders:
        print(f"  {shown(subject_of(load_certificate(der)))}, SHA256 {sha256(der).hexdigest()}")


def _list(options: Options) -> int:
    kinds = [_type(options["type"])] if options["type"] else list(StoreType)
    rows = []
    for kind in kinds:
        root = os.path.join(trust_store_root(), "x509", kind)
        names = [_store_name(options["store"])] if options["store"] else _entries(root)
        for name in names:
            rows += [(str(kind), name, each) for each in _entries(os.path.join(root, name))]
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
    from notarykit.keys.extensions import is_ca

    print("Issuer:", shown(issuer_of(certificate)))
    print("Subject:", shown(subject_of(certificate)))
    print(f"Valid from: {certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S +0000 UTC}")
    print(f"Valid to: {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S +0000 UTC}")
    print("IsCA:", "true" if is_ca(certificate) else "false")
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
        question = f"Are you sure you want to delete '{shown(names[0])}' in '{store.name}' of type '{store.type}'?"
    else:
        raise UsageError("missing certificate file name", advice="give one, or --all")
    if not (options["yes"] or confirmed(question, "yes")):
        return 0
    with files.locked(folder):
        for name in names:
            remove_file(os.path.join(folder, name))
    if options["all"]:
        try:
            os.rmdir(folder)
        except OSError as error:
            raise StorageError(f"{folder} cannot be removed: {error.strerror}") from None
        print(f"Successfully deleted {shown(folder)}")
    else:
        print(f"Successfully deleted {shown(names[0])} from the trust store.")
    return 0


def _generate_test(options: Options) -> int:
    from notarykit.cli.commands import generate_test

    return generate_test.generate(options)


def _cleanup_test(options: Options) -> int:
    from notarykit.cli.commands import generate_test

    return generate_test.clean_up(options)


_TYPE = Flag("type", "trust store type: ca, signingAuthority or tsa", short="t")
_STORE = Flag("store", "named store", short="s")
_YES = Flag("yes", "do not prompt for confirmation", "switch", "y")

COMMAND = Group(
    "Manage certificates in the trust store for signature verification, and those of signing keys.",
    {
        **OF_KEYS,
        "add": Command(
            "--type <type> --store <name> [flags] <cert_path>...",
            "Add certificates to the trust store",
            _add,
            (_TYPE, _STORE),
            arguments=(1, 1000),
            missing="missing certificate path",
            examples=(("Trust a root", "notarykit cert add --type ca --store acme-rockets acme-rockets.crt"),),
        ),
        "cleanup-test": Command(
            "[flags] <common_name>",
            "Remove a test key and certificate that generate-test made",
            _cleanup_test,
            (_YES,),
            arguments=(1, 1),
            missing="missing certificate common_name",
        ),
        "delete": Command(
            "--type <type> --store <name> [flags] (--all | <cert_fileName>)",
            "Delete certificates from the trust store",
            _delete,
            (_TYPE, _STORE, _YES, Flag("all", "delete all certificates in the named store", "switch", "a")),
            arguments=(0, 1),
        ),
        "generate-test": Command(
            "[flags] <common_name>",
            "Generate a test RSA key and a corresponding self-signed certificate",
            _generate_test,
            (
                Flag("bits", "RSA key bits", "number", "b", 2048),
                Flag("default", "mark as default signing key", "switch"),
            ),
            arguments=(1, 1),
            missing="missing certificate common_name",
            examples=(("Make a test key and trust it", "notarykit cert generate-test --default wabbit-networks.io"),),
        ),
        "list": Command("[flags]", "List certificates in the trust store", _list, (_TYPE, _STORE), ("ls",)),
        "show": Command(
            "--type <type> --store <name> [flags] <cert_fileName>",
            "Show the certificates of a file in the trust store",
            _show,
            (_TYPE, _STORE),
            arguments=(1, 1),
            missing="missing certificate file name",
        ),
    },
    ("cert",),
)
