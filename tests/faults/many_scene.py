"""Commands over many artifacts in a registry behind a server that can do wrong, with processes of their own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.scenes import without_proxies
from tests.support.processes import descendants
from tests.support.registry_content import RegistryContent

REPOSITORIES, ARTIFACTS = 4, 400
SECONDS_TO_END = 60


class ManyScene:
    """Generated content in a registry, and a user whose policy knows its signers.

    Attributes:
        content: The content.
        registry: Host of the registry itself.
        proxy: The server in front of the registry.
        references: File with a reference to each artifact, behind the server.
    """

    def __init__(self, folder: Path, content: RegistryContent, stack: contextlib.ExitStack) -> None:
        """Starts the registry and the server, which run as long as the stack is open."""
        self.content = content
        registries = GoRegistries(stack, RegistryCA(str(folder)), build())
        registry = registries.memory(content.write(folder / "content"), page_size=50)
        self.registry = registry.host
        self.proxy = stack.enter_context(FaultProxy(registry.address))
        self.references = folder / "references"
        self.references.write_text("\n".join(content.references(self.proxy.host)))
        removed = without_proxies()
        environment = content.home(folder / "home").environment()
        self.environment = {name: value for name, value in environment.items() if name not in removed}

    def start(self, *arguments: str, **variables: str) -> "Running":
        """Starts a command line in a process group of its own, as a terminal does."""
        folder = Path(tempfile.mkdtemp(dir=self.references.parent))
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "notarykit.cli", *arguments],
                env={**self.environment, **variables}, stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
        return Running(process, folder)

    def verify(self, *arguments: str, **variables: str) -> "Running":
        """Starts a verification of all artifacts."""
        return self.start("verify", "--from", str(self.references), "--output", "jsonl", *arguments, **variables)

    def expected(self) -> dict[str, str]:
        """The verdict of the command on each reference."""
        references = self.content.references(self.proxy.host)
        verdicts = ["verified" if artifact.verdict == "verified" else "failed" for artifact in self.content.artifacts]
        return dict(zip(references, verdicts, strict=True))


def verdicts_in(output: str) -> dict[str, str]:
    """The verdict on each reference in JSON Lines; none is there twice."""
    lines = [json.loads(line) for line in output.splitlines()]
    verdicts = {line["reference"]: line["verdict"] for line in lines if "reference" in line}
    assert len(verdicts) == sum("reference" in line for line in lines)
    return verdicts


class Running:
    """A command that runs, and whose output never makes it wait.

    Attributes:
        process: Its process.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        """Takes the process and the folder of the files that take its output."""
        self.process = process
        self._folder = folder

    def end(self) -> tuple[str, str]:
        """Waits for its end and returns what it wrote to both streams."""
        self.process.wait(SECONDS_TO_END)
        return (self._folder / "out").read_text(), (self._folder / "err").read_text()

    def processes(self) -> list[int]:
        """Its process and all that it has started."""
        return descendants(self.process.pid)

    def workers(self) -> list[int]:
        """Its worker processes: children of its fork server, which is its child."""
        children = {pid: descendants(pid)[1:] for pid in self.processes()[1:]}
        below = {pid for pids in children.values() for pid in pids}
        return [pid for pid in children if pid in below and not children[pid]]

    def interrupt(self) -> None:
        """Sends Ctrl-C as a terminal does, to all processes of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
