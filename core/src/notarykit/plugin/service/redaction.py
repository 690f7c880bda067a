"""Redaction of messages that a service or its SDK wrote: they may quote a request with its token."""

from __future__ import annotations

import re
import threading

_LONGEST = 300
_REPLACEMENT = "…"
_JWT = r"\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?"  # RFC 7519: base64url of a JSON object comes first


class Redactor:
    """Makes messages fit to be shown. Thread-safe."""

    def __init__(self, *patterns: str, capacity: int = 64) -> None:
        """Sets what is a secret by its form.

        Args:
            patterns: Regular expressions of secrets of this service, such as its tokens. JSON web tokens are known.
            capacity: How many secrets are remembered, the latest first.
        """
        self._pattern = re.compile("|".join((*patterns, _JWT)))
        self._capacity = capacity
        self._lock = threading.Lock()
        self._secrets: dict[str, None] = {}

    def remember(self, *secrets: str | None) -> None:
        """Remembers secrets that are sent, which a service may quote later; None and empty ones are passed over."""
        with self._lock:
            for secret in filter(None, secrets):
                self._secrets.pop(secret, None)
                self._secrets[secret] = None
            while len(self._secrets) > self._capacity:
                del self._secrets[next(iter(self._secrets))]

    def show(self, text: str, longest: int = _LONGEST) -> str:
        """Returns a text as one printable line without secrets.

        Args:
            text: The text, of whatever origin.
            longest: How many characters are kept; what is cut off is marked by an ellipsis.
        """
        line = " ".join(text.split())
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)  # one may be the beginning of another
        for secret in secrets:
            line = line.replace(secret, _REPLACEMENT)
        line = self._pattern.sub(_REPLACEMENT, line)
        line = "".join(character if character.isprintable() else "?" for character in line)
        return line if len(line) <= longest else f"{line[:longest]}{_REPLACEMENT}"
