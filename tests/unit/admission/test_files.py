"""Files that settings name."""

from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.files import LARGEST_FILE, read_file


def test_content(tmp_path: Path) -> None:
    """A file is read up to the limit, and one byte more is an error."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * LARGEST_FILE)
    assert len(read_file(str(path))) == LARGEST_FILE
    path.write_bytes(b"x" * (LARGEST_FILE + 1))
    with pytest.raises(ConfigurationError, match="has more than 4194304 bytes"):
        read_file(str(path))


def test_absent_file(tmp_path: Path) -> None:
    """A file that is not there is an error with the system's reason, and what to do."""
    with pytest.raises(ConfigurationError, match="cannot be read: No such file") as caught:
        read_file(str(tmp_path / "none"), "mount it")
    assert caught.value.advice == "mount it"
