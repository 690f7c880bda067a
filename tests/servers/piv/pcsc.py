"""Just enough of PC/SC to wait until a card is seen, or is seen no more."""

import ctypes
import time

_SYSTEM_SCOPE = 2
_UNAWARE, _EMPTY, _PRESENT, _MUTE = 0x0, 0x10, 0x20, 0x200
_COUNTER = 16  # the place of a counter among the bits of a state
_TIMEOUT = 0x8010000A


class _ReaderState(ctypes.Structure):
    _fields_ = (
        ("reader", ctypes.c_char_p),
        ("user_data", ctypes.c_void_p),
        ("current_state", ctypes.c_ulong),
        ("event_state", ctypes.c_ulong),
        ("atr_size", ctypes.c_ulong),
        ("atr", ctypes.c_ubyte * 33),
    )


class Pcsc:
    """A connection to pcscd, whose socket the environment names."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libpcsclite.so.1")
        for name in ("SCardEstablishContext", "SCardListReaders", "SCardGetStatusChange"):
            getattr(self._library, name).restype = ctypes.c_long
        self._context = ctypes.c_long()
        self._call("SCardEstablishContext", ctypes.c_ulong(_SYSTEM_SCOPE), None, None, ctypes.byref(self._context))

    def readers(self) -> list[str]:
        """The names of all readers."""
        size = ctypes.c_ulong()
        self._call("SCardListReaders", self._context, None, None, ctypes.byref(size))
        names = ctypes.create_string_buffer(size.value)
        self._call("SCardListReaders", self._context, None, names, ctypes.byref(size))
        return [name.decode() for name in names.raw.split(b"\0") if name]

    def changes(self, reader: str) -> int:
        """How many cards came and went, as far as pcscd looked itself and was not told by a client's failure."""
        changes: int = self._state(reader, _UNAWARE, 0.0).event_state >> _COUNTER
        return changes

    def wait(self, reader: str, *, present: bool, since: int | None = None, seconds: float = 20.0) -> None:
        """Waits until a card is in a reader, or until none is.

        Args:
            reader: The name of the reader.
            present: Whether a card is to be there.
            since: A number of changes which are not enough.
            seconds: How long this may take.
        """
        wanted = _PRESENT if present else _EMPTY
        deadline = time.monotonic() + seconds
        known = _UNAWARE
        while True:
            known = self._state(reader, known, max(0.0, deadline - time.monotonic())).event_state
            if known & (wanted | _MUTE) == wanted and known >> _COUNTER != since:
                return

    def _state(self, reader: str, known: int, seconds: float) -> _ReaderState:
        state = _ReaderState(reader=reader.encode(), current_state=known)
        milliseconds = ctypes.c_ulong(int(seconds * 1000))
        self._call("SCardGetStatusChange", self._context, milliseconds, ctypes.byref(state), ctypes.c_ulong(1))
        return state

    def _call(self, name: str, *arguments: object) -> None:
        status = getattr(self._library, name)(*arguments) & 0xFFFFFFFF
        if status == _TIMEOUT:
            raise TimeoutError("pcscd did not see in time what happened to the card")
        if status:
            raise OSError(f"{name}: {status:#010x}")
