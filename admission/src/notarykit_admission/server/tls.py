"""TLS of the server: certificates and client CAs that are exchanged while it runs."""

import hashlib
import ssl
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509

from notarykit.errors import ConfigurationError
from notarykit_admission.files import read_file, refuse_encrypted_key

_ADVICE = "mount the Secret that has it, or correct the path"
_REASONS = {
    "KEY_VALUES_MISMATCH": "the key is another certificate's",
    "NO_START_LINE": "it holds nothing in PEM",
    "NO_CERTIFICATE_OR_CRL_FOUND": "it holds no certificate",
}


class TLSFiles(NamedTuple):
    """Files of the server's TLS, all in PEM.

    Attributes:
        certificate: Certificate, followed by its chain.
        key: Private key.
        client_cas: Files of CAs whose certificates clients may show; without one, no client is asked for any.
    """

    certificate: str
    key: str
    client_cas: tuple[str, ...] = ()


class ServerTLS:
    """TLS contexts out of files.

    Each new connection gets the context that is present then, and those that are open stay as they are until their next
    answers.

    Args:
        files: The files.

    Attributes:
        context: Context for the listening socket.
        end: End of the certificate.

    Raises:
        ConfigurationError: The files cannot be used to begin with.
    """

    def __init__(self, files: TLSFiles) -> None:
        self._files = files
        self._state = _state(files)
        self._present = _context(files)
        self.end = _end(files)
        # A context that is in use can get another certificate, but lose no CA: so the whole context is exchanged.
        self.context = _context(files)
        self.context.sni_callback = self._choose

    def refresh(self) -> bool:
        """Looks at the files, and returns True if they have changed and are used from now on.

        Raises:
            ConfigurationError: They cannot be used, and those before are.
        """
        state = _state(self._files)
        if state == self._state:
            return False
        self._present, self.end = _context(self._files), _end(self._files)
        self._state = state
        return True

    def warning(self) -> str:
        """Returns what clients find wrong with the certificate that is used, or an empty string."""
        return f"the certificate ended at {self.end:%Y-%m-%dT%H:%M:%SZ}" if self.end <= datetime.now(UTC) else ""

    def is_present(self, connection: object) -> bool:
        """Tells whether a connection has the context that is present now: its client may be known by a CA no more."""
        return isinstance(connection, ssl.SSLObject) and connection.context is self._present

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """Called for each new connection, whether its client names a server or not."""
        del name, context
        connection.context = self._present


def _state(files: TLSFiles) -> tuple[bytes, ...]:
    return tuple(
        hashlib.sha256(read_file(path, _ADVICE)).digest() for path in (files.certificate, files.key, *files.client_cas)
    )


def _end(files: TLSFiles) -> datetime:
    """Returns the end of the certificate."""
    try:
        return x509.load_pem_x509_certificate(read_file(files.certificate, _ADVICE)).not_valid_after_utc
    except ValueError as error:
        raise ConfigurationError(f"the certificate {files.certificate} is malformed: {error}") from None


def _context(files: TLSFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A session would outlive the CA that its client was known by.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    _load_certificate(context, files)
    for path in files.client_cas:
        try:
            context.load_verify_locations(path)
        except OSError as error:
            text = f"the client CA {path} cannot be used: {_reason(error)}"
            raise ConfigurationError(text, advice="name a file of certificates in PEM with --client-ca") from None
    if files.client_cas:
        context.verify_mode = ssl.CERT_OPTIONAL  # not every client has one; who needs it is the door's question
    return context


def _load_certificate(context: ssl.SSLContext, files: TLSFiles) -> None:
    try:
        context.load_cert_chain(files.certificate, files.key, password=refuse_encrypted_key)
    except ValueError as error:
        raise ConfigurationError(f"{files.key}: {error}", advice="decrypt it") from None
    except OSError as error:
        text = f"the certificate {files.certificate} and the key {files.key} cannot be used: {_reason(error)}"
        raise ConfigurationError(text, advice="give both in PEM, the certificate before its chain") from None


def _reason(error: OSError) -> str:
    """Returns OpenSSL's reason in words, or the system's."""
    if isinstance(error, ssl.SSLError):
        # For what cannot be parsed at all, Python names no reason of OpenSSL's.
        return _REASONS.get(error.reason or "", "one of them is not in PEM, or cut off")
    return str(error.strerror)
