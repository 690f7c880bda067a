"""How commands are told to look up revocation."""

from typing import TYPE_CHECKING

from notarykit.cli.options import Flag, Options

if TYPE_CHECKING:
    from notarykit.revocation.checker import Revocation
    from notarykit.revocation.limits import Limits

LIMIT_FLAGS = (
    Flag("crl-timeout", "how long each download of a CRL may take", "duration", default=5),
    Flag("ocsp-nonce", "ask OCSP responders for answers of this moment; many have none", "switch"),
    Flag("ocsp-timeout", "how long each OCSP request may take", "duration", default=2),
)
FILE_FLAGS = (
    Flag("crl", "file with a CRL (or a delta CRL) that is looked at before the network; repeatable", "texts"),
    Flag("ocsp-response", "file with an OCSP response that is looked at before the network; repeatable", "texts"),
)


def limits(options: Options) -> "Limits":
    """What requests may cost."""
    from notarykit.revocation.limits import Limits

    return Limits(float(options["ocsp-timeout"]), float(options["crl-timeout"]), options["ocsp-nonce"])


def revocation(options: Options) -> "Revocation | None":
    """The checks that the flags ask for; None where they ask for nothing of their own, and nothing is imported.

    Raises:
        UsageError: A file cannot be read, or holds something else.
    """
    if all(options[flag.name] in (flag.default, False, []) for flag in (*LIMIT_FLAGS, *FILE_FLAGS)):
        return None
    from notarykit.revocation.given import read_given
    from notarykit.revocation.online import online

    return online(read_given(options["crl"], options["ocsp-response"]), limits(options))
