"""Where the command line gets a passphrase from: the environment, else a person at the terminal. It is kept nowhere."""

import os
import sys
from collections.abc import Callable

from notarykit.errors import PassphraseError

VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"


def passphrase(prompt: str) -> Callable[[], bytes]:
    """A callback that gets the passphrase when it is needed."""

    def get() -> bytes:
        if VARIABLE in os.environ:
            return os.fsencode(os.environ[VARIABLE])
        if not sys.stdin.isatty():
            raise PassphraseError(
                "the private key is encrypted and there is no terminal to ask at", advice=f"set ${VARIABLE}"
            )
        from getpass import getpass

        try:
            return os.fsencode(getpass(prompt))
        except EOFError:
            raise PassphraseError("no passphrase was given") from None

    return get
