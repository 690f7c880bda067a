"""The Dockerfile as it stands there: what BuildKit says of it, and what the image is."""

import re
from pathlib import Path

import pytest

from tests.image.dockerfile import DOCKERFILE, Report, read


@pytest.fixture(scope="module")
def report() -> Report:
    """What BuildKit finds in the Dockerfile."""
    return read()


def test_checks_find_nothing(report: Report) -> None:
    """`docker build --check` has nothing to say of it."""
    assert report.findings == []


def test_checks_would_find_something(tmp_path: Path) -> None:
    """The checks are those that find what is wrong."""
    changed = tmp_path / "Dockerfile"
    changed.write_text(DOCKERFILE.read_text().replace("ENV HOME=/home/notarykit", "ENV PASSWORD=secret"))
    (tmp_path / "Dockerfile.dockerignore").write_text("*\n")
    assert re.match("SecretsUsedInArgOrEnv", "".join(read(changed).findings))


def test_program_is_not_root(report: Report) -> None:
    """The program has a user by number, as pod security asks for, and starts without a shell."""
    assert re.fullmatch("[1-9][0-9]*:[1-9][0-9]*", report.image["User"])
    assert report.image["Entrypoint"] == ["/opt/notarykit/bin/notarykit-admission"]
    assert "Cmd" not in report.image
    assert report.image["ExposedPorts"] == {"8443/tcp": {}}


def test_stages_have_one_base(report: Report) -> None:
    """What was compiled for one Python runs with no other."""
    bases = [each["words"][0] for each in report.instructions if each["name"] == "FROM"]
    assert bases == ["${PYTHON}"] * 2


def test_context_has_what_is_copied_alone(report: Report) -> None:
    """Nothing of the clone gets into a layer but the two distributions and the versions of what they need."""
    tops = {path.partition("/")[0] for path in report.files}
    assert tops == {"constraints.txt", "core", "admission"}
    assert {"core/pyproject.toml", "admission/pyproject.toml", "admission/LICENSE"} < set(report.files)
    assert not [path for path in report.files if "__pycache__" in path or path.endswith((".pyc", ".env", ".key"))]
