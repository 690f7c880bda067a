"""Plugin configuration: the files beside a key file, and the source of its passphrase."""

import os
from collections.abc import Callable, Mapping

from notarykit.errors import PassphraseError
from notarykit.plugin import CA_CERTS, CERTIFICATE_CHAIN, prompt_secret, read_file, without_marks

PASSPHRASE_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"  # noqa: S105 - its name
_CHAIN_ENDINGS = (".crt", ".cer", ".chain.pem", ".crt.pem", ".cert.pem", ".pem")

PassphraseSource = Callable[[], bytes]
"""Returns the passphrase; called only for an encrypted key."""


def certificate_files(path: str, config: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the files with certificates of a key file: its chain, if there is one, and those to complete it from."""
    files = config.get(CERTIFICATE_CHAIN) or _chain_beside(path), config.get(CA_CERTS)
    return tuple(filter(None, files))


def _chain_beside(path: str) -> str | None:
    """Returns the first file beside the key that has its name and an ending of certificates."""
    stem = os.path.splitext(path)[0]
    candidates = (stem + ending for ending in _CHAIN_ENDINGS)
    return next((candidate for candidate in candidates if candidate != path and os.path.isfile(candidate)), None)


def passphrase_source(path: str, config: Mapping[str, str]) -> PassphraseSource:
    """Returns the source of a key file's passphrase: a file, a variable, or the user at the terminal."""

    def read() -> bytes:
        if "passphrase_file" in config:
            return without_marks(read_file(config["passphrase_file"], "passphrase file"))
        variable = config.get("passphrase_env", PASSPHRASE_VARIABLE)
        if variable in os.environ:
            return os.fsencode(os.environ[variable])
        if "passphrase_env" in config:
            raise PassphraseError(f"${variable} is not set, and the private key {path} is encrypted")
        passphrase = prompt_secret(f"Passphrase of {path}: ")
        if passphrase is None:
            raise PassphraseError(
                f"private key {path} is encrypted and there is no terminal to ask for its passphrase",
                advice=f"set ${PASSPHRASE_VARIABLE}",
            )
        return passphrase

    return read
