"""Where the command line gets a passphrase from: the environment, else a person at the terminal. It is kept nowhere."""

import os
import sys
from collections.abc import Callable

from notarykit.config.signers import PASSPHRASE_VARIABLE, environment_passphrase
from notarykit.errors import PassphraseError


def passphrase(prompt: str) -> Callable[[], bytes]:
    """A callback that gets the passphrase when it is needed."""

    def get() -> bytes:
        if PASSPHRASE_VARIABLE in os.environ:
            return environment_passphrase()
        if not sys.stdin.isatty():
            raise PassphraseError(
                "the private key is encrypted and there is no terminal to ask at", advice=f"set ${PASSPHRASE_VARIABLE}"
            )
        from getpass import getpass

        try:
            return os.fsencode(getpass(prompt))
        except EOFError:
            raise PassphraseError("no passphrase was given") from None

    return get
