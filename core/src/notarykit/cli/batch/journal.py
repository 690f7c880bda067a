"""Journal of a run (`--resume`), in JSON Lines: what the run is, then each outcome as it comes.

Each line is written at once and whole. A last line without its end was torn, as by a power cut, and is dropped.
"""

import hashlib
import os
import time
from collections.abc import Mapping
from typing import IO, Any, Self

from notarykit._internal import locks
from notarykit._internal.ownership import other_writers, warn_of_other_writers
from notarykit._internal.rfc3339 import format_rfc3339, parse_rfc3339, utc_now
from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.cli.batch.operation import AnOperation, Record, Result
from notarykit.errors import StorageError, UsageError

_VERSION = 1
_GO_ON = "once it can be, run the same command again to go on"
_BEGINNING = b'{"journal":'
_LONGEST_LINE = 16 * 1024 * 1024
_SYNC_EVERY = 1.0
# Flags that change neither the outcome nor what it is about.
_OF_NO_EFFECT = {
    "ca-file", "cert-file", "dask", "debug", "from", "help", "jobs", "key-file", "output", "password", "plugin-timeout",
    "resume", "timeout", "username", "verbose",
}  # fmt: skip
_SECRET = "plugin-config"  # noqa: S105 - a flag that may hold one


class Journal:
    """Journal of a run, open for as long as the run lasts; a context manager.

    Args:
        path: File, which is created with mode 0600.
        run: What tells this run from others.

    Raises:
        UsageError: The file is another run's, or no journal.
        StorageError: It cannot be read or written, or another command is using it.
    """

    def __init__(self, path: str, run: Mapping[str, Any]) -> None:
        self._path = path
        self._file = self._opened()
        try:
            warn_of_other_writers(path)
            self._is_private = not other_writers(self._file.fileno())
            # Position of the last line about an item, by the hash of its text, which the line itself confirms.
            self._positions: dict[int, int] = {}
            self._end = 0
            self._synced_at = 0.0
            self._read(run)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            os.fsync(self._file.fileno())

    def _opened(self) -> IO[bytes]:
        try:
            return os.fdopen(locks.open_locked(self._path, 0o600, f"--resume {self._path}"), "r+b", buffering=0)
        except (OSError, ValueError) as error:
            raise self._failure("opened", error) from None

    def _failure(self, action: str, error: Exception) -> StorageError:
        return StorageError(f"--resume {self._path} cannot be {action}: {getattr(error, 'strerror', None) or error}")

    def _read(self, run: Mapping[str, Any]) -> None:
        with open(self._file.fileno(), "rb", closefd=False) as reader:
            for number, line in enumerate(iter(lambda: reader.readline(_LONGEST_LINE), b""), 1):
                if number == 1:
                    self._check_beginning(line)
                if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
                    break
                self._take(line, number, run)
                self._end += len(line)
        if self._end:
            self._file.truncate(self._end)
        else:
            self._write(_head(run, os.urandom(16).hex()))

    def _check_beginning(self, line: bytes) -> None:
        """Refuses a first line that is not a journal's, nor torn."""
        if not line.startswith(_BEGINNING) and not _BEGINNING.startswith(line):
            raise UsageError(f"--resume {self._path} is no journal", advice="name another file")

    def _take(self, line: bytes, number: int, run: Mapping[str, Any]) -> None:
        """Takes a line of an earlier run."""
        try:
            members = Members(loads(line), "journal")
            if number == 1:
                self._check(members, run)
            elif members.integer("exitCode"):
                self._positions.pop(hash(members.text("reference")), None)
            else:
                self._positions[hash(members.text("reference"))] = self._end
        except DocumentError as error:
            raise UsageError(f"--resume {self._path}, line {number}: {error}", advice="name another file") from None

    def _check(self, members: Members, run: Mapping[str, Any]) -> None:
        """Refuses the journal of another run."""
        if members.integer("journal") != _VERSION:
            raise DocumentError("it is of a version of notarykit that this one does not know")
        before = members.value
        now = loads(_head(run, members.text("salt")))
        if names := [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]:
            differences = "; ".join(_difference(name, before.get(name), now.get(name)) for name in names)
            raise UsageError(f"--resume {self._path} is of another run: {differences}", advice="name another file")

    def recorded(self, item: str) -> Record | None:
        """Returns the success that an earlier run recorded for an item, or None."""
        position = self._positions.get(hash(item))
        if position is None:
            return None
        self._file.seek(position)
        with open(self._file.fileno(), "rb", closefd=False) as reader:
            members = Members(loads(reader.readline(_LONGEST_LINE)), "journal")
        if members.text("reference") != item:
            return None
        recorded_at = parse_rfc3339(members.text("time"))
        ends = parse_rfc3339(members.text("ends")) if "ends" in members else None
        return Record(item, members.object("result").value, recorded_at, ends, self._is_private)

    def write(self, item: str, result: Result) -> None:
        """Records an outcome.

        Raises:
            StorageError: It cannot be written; what was recorded before is intact.
        """
        times = {"time": format_rfc3339(utc_now())}
        if result.ends is not None:
            times["ends"] = format_rfc3339(result.ends)
        line = {"reference": item, "exitCode": result.exit_code, **times, "result": result.members}
        self._write(dumps(line) + b"\n")

    def _write(self, line: bytes) -> None:
        self._file.seek(self._end)
        try:
            view = memoryview(line)
            while view:
                view = view[self._file.write(view) :]
            if time.monotonic() - self._synced_at > _SYNC_EVERY:
                os.fsync(self._file.fileno())
                self._synced_at = time.monotonic()
        except OSError as error:
            self._file.truncate(self._end)
            raise self._failure("written", error).replace(advice=_GO_ON) from None
        self._end += len(line)


def _head(run: Mapping[str, Any], salt: str) -> bytes:
    """Returns the first line: what the run is. A plugin's configuration, which may hold a secret, is hashed slowly."""
    flags = dict(run["flags"])
    if secret := flags.get(_SECRET):
        flags[_SECRET] = hashlib.scrypt(dumps(sorted(secret)), salt=salt.encode(), n=2**14, r=8, p=1, dklen=32).hex()
    return dumps({"journal": _VERSION, "salt": salt, **run, "flags": flags}) + b"\n"


def _difference(name: str, before: object, now: object) -> str:
    """Returns a member of the first line in which two runs differ, as part of a sentence."""
    if name == "flags" and isinstance(before, dict) and isinstance(now, dict):
        flags = [flag for flag in sorted({*before, *now}) if before.get(flag) != now.get(flag)]
        return "; ".join(_difference(f"--{flag}", before.get(flag), now.get(flag)) for flag in flags)
    if name == f"--{_SECRET}" or isinstance(before, dict | list) or name in ("policy", "trustStores"):
        return f"{name} is not the same"
    return f"{name} was {_shown(before)} and is {_shown(now)}"


def _shown(value: object) -> str:
    return "not given" if value is None else repr(value)


def open_journal(operation: AnOperation) -> Journal | None:
    """Returns the journal of a command, or None without `--resume`.

    Raises:
        UsageError: The file is another run's, or no journal.
        StorageError: It cannot be read or written, or another command is using it.
    """
    path = operation.options.values.get("resume")
    if not path:
        return None
    values = operation.options.values
    flags = {name: values[name] for name in operation.options.written if name not in _OF_NO_EFFECT}
    return Journal(path, {"command": operation.command, "flags": flags, **operation.identity()})
