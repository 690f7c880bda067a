"""`notarykit certificate`: certificates in the trust store, of signing keys, and for tests."""

from notarykit.cli.commands.certificate import key_certificate, self_signed, trust_store
from notarykit.cli.options import Group

COMMAND = Group(
    "Manage certificates in the trust store for signature verification, and those of signing keys.",
    {**trust_store.COMMANDS, **key_certificate.COMMANDS, **self_signed.COMMANDS},
    ("cert",),
)
