"""Errors of a service and its SDK as those of the plugin protocol (plugin specification, "Error codes")."""

from __future__ import annotations

from contextlib import contextmanager

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit.errors import NotarykitError, PluginError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ErrorKind(LightNamedTuple):
    """Entry of an error table: the protocol's error for a code, a status or an exception of the SDK.

    Attributes:
        error: The class, which sets the protocol's error code.
        message: What is wrong, with `{name}` where `to_error` puts a value.
        advice: What to do next, likewise.
    """

    error: type[PluginError]
    message: str
    advice: str = ""

    def to_error(self, metadata: Mapping[str, str] | None = None, /, **values: object) -> PluginError:
        """Returns the error with the values in its texts.

        Args:
            metadata: What support asks for, such as `serviceError` and `requestId`; empty values are left out.
            values: The values by name. Text of a service or an SDK comes through a `Redactor`.
        """
        return self.error(
            self.message.format(**values),
            advice=self.advice.format(**values),
            metadata={name: value for name, value in (metadata or {}).items() if value},
        )


@contextmanager
def reject_malformed(message: str, *, advice: str = "try again") -> Iterator[None]:
    """Turns every failure to read a response into one error, as there is no end to what parsers raise.

    Errors of notarykit pass. The text of any other exception is dropped, since it may quote the response.

    Args:
        message: What is malformed, such as `AWS KMS response about key x is malformed`.
        advice: What to do next.

    Raises:
        PluginError: Reading failed.
    """
    try:
        yield
    except NotarykitError:
        raise
    except Exception:  # noqa: BLE001
        raise PluginError(message, advice=advice) from None
