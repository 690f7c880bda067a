"""What a server refuses, as errors of the protocol that say what to do on the first day."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from requests import exceptions as failures
from requests.exceptions import RequestException
from urllib3 import exceptions as causes

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit_hashicorp_vault.limits import TooLongError
from notarykit_hashicorp_vault.response import Answer
from notarykit_hashicorp_vault.settings import Server

_LONGEST_QUOTATION = 300


class Asked(NamedTuple):
    """A request.

    Attributes:
        server: Who was asked.
        path: The path behind `/v1/`.
        what: What is there, for people.
        capability: What a policy calls the right to ask this, or `login`.
    """

    server: Server
    path: str
    what: str
    capability: str


def refused(asked: Asked, answer: Answer) -> PluginError:
    """The error for an answer that is not what was asked for."""
    if asked.capability == "login" and answer.status in (400, 401, 403, 404):
        error: PluginError = _not_let_in(asked, answer)
    else:
        error = _BY_STATUS.get(answer.status, _other)(asked, answer)
    error.metadata = {"path": asked.path, "status": str(answer.status)}
    if answer.request_id:
        error.metadata["requestId"] = answer.request_id
    return error


def unreadable(asked: Asked) -> PluginError:
    """The error for an answer that cannot even be read."""
    return PluginError(
        f"what answers at {asked.server.address} is no Vault: its answer cannot be read",
        advice="check $VAULT_ADDR, and that no proxy answers in its place",
    )


def quoted(answer: Answer) -> str:
    """What the server says, as the end of a message."""
    return f": {answer.messages[:_LONGEST_QUOTATION]}" if answer.messages else ""


def _not_let_in(asked: Asked, answer: Answer) -> PluginError:
    return PluginAccessDeniedError(
        f"{asked.what} at {asked.server.address}/v1/{asked.path} was refused" + quoted(answer),
        advice="check role, auth_mount and what the credentials are for; they may have expired",
    )


def _invalid(asked: Asked, answer: Answer) -> PluginError:
    return PluginValidationError(f"Vault refused to use {asked.what}" + quoted(answer))


def is_of_token(answer: Answer) -> bool:
    """Whether a 403 says that the token has ended; Vault says so in its present versions; others may not."""
    return "invalid token" in answer.messages


def _denied(asked: Asked, answer: Answer) -> PluginError:
    if is_of_token(answer):
        return PluginAccessDeniedError(
            f"the token is not valid any more, or not for {asked.server.address}",
            advice="run 'vault login', or set $VAULT_TOKEN to a new one",
        )
    namespace = f" in the namespace {asked.server.namespace!r}" if asked.server.namespace else ""
    return PluginAccessDeniedError(
        f"the token may not {asked.capability} {asked.path}{namespace}",
        advice=f'its policy needs: path "{asked.path}" {{ capabilities = ["{asked.capability}"] }}; if it has that, '
        "the token may have expired, or the namespace may be another one",
    )


def _missing(asked: Asked, answer: Answer) -> PluginError:
    namespace = f" in the namespace {asked.server.namespace!r}" if asked.server.namespace else ""
    metadata = answer.data.get("metadata")
    if answer.members is None:
        return _no_vault(asked, answer)
    if isinstance(metadata, dict) and (metadata.get("deletion_time") or metadata.get("destroyed")):
        state = "destroyed" if metadata.get("destroyed") else "deleted"
        return PluginValidationError(f"{asked.what} is {state} in its latest version", advice="write it again")
    if "versioned" in answer.messages:
        mount, _, name = asked.path.partition("/")
        return PluginValidationError(
            f"{asked.what} is in an engine of KV version 2", advice=f"give its path as {mount}/data/{name}"
        )
    if "no handler for route" in answer.messages or "unsupported path" in answer.messages:
        return PluginValidationError(
            f"{asked.server.address} serves nothing at {asked.path}{namespace}",
            advice="check where the engine is mounted ('vault secrets list'), its kind, and the namespace",
        )
    return PluginValidationError(
        f"{asked.what} does not exist{namespace}", advice="check the name, the mount and the namespace"
    )


def _behind(asked: Asked, answer: Answer) -> PluginError:  # noqa: ARG001 - as all of them
    return PluginTimeoutError(f"{asked.server.address} has not caught up with its cluster", advice="try again later")


def _throttled(asked: Asked, answer: Answer) -> PluginError:
    return PluginThrottledError(
        f"{asked.server.address} takes fewer requests" + quoted(answer), advice="try later, or have the quota raised"
    )


def _standby(asked: Asked, answer: Answer) -> PluginError:  # noqa: ARG001
    return PluginError(
        f"{asked.server.address} is a standby", advice="give the address of the active node: $VAULT_ADDR"
    )


def _not_ready(asked: Asked, answer: Answer) -> PluginError:
    if "sealed" in answer.messages:
        return PluginError(f"Vault at {asked.server.address} is sealed", advice="have it unsealed")
    return PluginError(f"{asked.server.address} is not available" + quoted(answer), advice="try again later")


def _late(asked: Asked, answer: Answer) -> PluginError:
    return PluginTimeoutError(
        f"a server behind {asked.server.address} was too late" + quoted(answer), advice="try again later"
    )


def _failed(asked: Asked, answer: Answer) -> PluginError:
    if "requested version for signing" in answer.messages:  # as Vault says of a version that may not sign any more
        return _invalid(asked, answer)
    return _other(asked, answer)


def _other(asked: Asked, answer: Answer) -> PluginError:
    if 300 <= answer.status < 400:  # noqa: PLR2004
        host = _host_of(answer.location) or "another path"
        return PluginError(
            f"{asked.server.address} sends requests on to {host}, and a token is not sent on",
            advice="set $VAULT_ADDR to the address of the active node, or to one without a redirection",
        )
    if answer.status == 200 and answer.is_empty:  # noqa: PLR2004 - the library takes a header that is cut off for the last
        return PluginTimeoutError(f"the connection to {asked.server.address} broke off", advice="try again")
    if answer.members is None:
        return _no_vault(asked, answer)
    return PluginError(f"Vault failed to use {asked.what} ({answer.status})" + quoted(answer), advice="try again later")


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _no_vault(asked: Asked, answer: Answer) -> PluginError:
    return PluginError(
        f"what answers at {asked.server.address} is no Vault: status {answer.status}, and no JSON",
        advice="check $VAULT_ADDR, and that no proxy answers in its place",
    )


_BY_STATUS: dict[int, Callable[[Asked, Answer], PluginError]] = {
    400: _invalid,
    403: _denied,
    404: _missing,
    412: _behind,
    429: _throttled,
    472: _standby,
    473: _standby,
    500: _failed,
    502: _not_ready,
    503: _not_ready,
    504: _late,
}


_TRUST = "name the CA's file with $VAULT_CACERT"

# What requests raises, or urllib3 found below it, and what it means. The first that fits counts: for urllib3, a
# connection that is refused is one that took too long.
_KINDS: tuple[tuple[tuple[type[BaseException], ...], type[PluginError], str, str], ...] = (
    (
        (failures.ProxyError,),
        PluginError,
        "the proxy to {} does not work",
        "check $HTTPS_PROXY, $HTTP_PROXY and $NO_PROXY",
    ),
    (
        (causes.NameResolutionError,),
        PluginError,
        "the host of {} is not known",
        "check the address ($VAULT_ADDR or address=)",
    ),
    (
        (causes.NewConnectionError,),
        PluginError,
        "nothing takes connections at {}",
        "check the address ($VAULT_ADDR or address=), and that the server runs",
    ),
    (
        (failures.Timeout, causes.TimeoutError),
        PluginTimeoutError,
        "{} did not answer in time",
        "check the address ($VAULT_ADDR or address=), the network and the proxy settings",
    ),
    (
        (TooLongError,),
        PluginError,
        "{} gives an answer that is too long for Vault's",
        "check $VAULT_ADDR, and that no proxy answers in its place",
    ),
    (
        (failures.ConnectionError, failures.ChunkedEncodingError),
        PluginTimeoutError,
        "the connection to {} broke off",
        "try again",
    ),
    (
        (RequestException,),
        PluginError,
        "{} cannot be asked",
        "check the address ($VAULT_ADDR or address=), and the TLS settings",
    ),
)
# What OpenSSL says in a failed handshake.
_HANDSHAKES = (
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER"),
        "{} does not speak TLS",
        "use http:// in $VAULT_ADDR or address=, if that is meant",
    ),
    (
        ("mismatch", "doesn't match"),
        "the certificate of {} is for another host",
        "use the host's name in $VAULT_ADDR, or give the certificate's with $VAULT_TLS_SERVER_NAME",
    ),
    (("CERTIFICATE_VERIFY_FAILED",), "the certificate of {} is not trusted", _TRUST),
    (
        ("ALERT",),
        "{} ended the TLS handshake",
        "it may want a certificate: $VAULT_CLIENT_CERT and $VAULT_CLIENT_KEY",
    ),
)


def unreachable(server: Server, error: RequestException) -> PluginError:
    """The error for a request that got no answer; nothing of the library's text is in it, which quotes the request."""
    reason = _reason(error)
    if isinstance(error, failures.SSLError) or isinstance(reason, causes.SSLError):
        return _untrusted(server, str(reason))
    for kinds, kind, text, advice in _KINDS:
        if isinstance(error, kinds) or isinstance(reason, kinds):
            return kind(text.format(server.address), advice=advice)
    raise AssertionError


def _reason(error: RequestException) -> BaseException | None:
    """What urllib3 found, under the exceptions that requests has put around it."""
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", cause) if isinstance(cause, BaseException) else None


def _untrusted(server: Server, text: str) -> PluginError:
    for marks, message, advice in _HANDSHAKES:
        if any(mark in text for mark in marks):
            return PluginError(message.format(server.address), advice=advice)
    return PluginError(f"the TLS handshake with {server.address} failed", advice=_TRUST)
