"""Archives as publishers of plugins make them, and as nobody should."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Entry = tuple[str, bytes | str, int] | tarfile.TarInfo


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **members: Any) -> tarfile.TarInfo:
    """An entry of a tar without content: a link, a device, a folder."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o755
    for member, value in members.items():
        setattr(info, member, value)
    return info


def write_tar(path: Path, entries: Iterable[Entry], mode: str = "w:gz") -> Path:
    """Writes a tar.gz; each entry is a name, a content and a mode, or a header alone."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            name, content, permissions = entry
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), permissions
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(
    path: Path, entries: Iterable[tuple[str, bytes | str, int]], compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Writes a zip; a mode has the file's type where it is not a regular file's, and is 0 for none at all."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, compression
            archive.writestr(info, content)
    return path
