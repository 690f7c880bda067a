"""A user of notarykit with plugins on the Go framework: settings, a key that those plugins sign with, an artifact."""

import shutil
from pathlib import Path

import pytest

from tests.cli.world import World
from tests.interop.go_peer import Peer
from tests.interop.scene import METADATA, Question
from tests.support.ca import TestChain
from tests.support.homes import policy_document


class GoUser(World):
    """A world whose settings have the Go plugins.

    Attributes:
        key_id: The key as the plugins name it; its root is trusted.
    """

    def __init__(
        self,
        folder: Path,
        chain: TestChain,
        plugins: Path | None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Makes the files; the plugins folder is a link to one that tests share, or is not there."""
        super().__init__(folder, chain, monkeypatch, capsys)
        key_file = self.home.folder / "build.key"
        shutil.copyfile(self.home.folder / "build.chain.pem", f"{key_file}.crt")
        self.key_id = str(key_file)
        if plugins is not None:
            self.plugins.symlink_to(plugins)

    @property
    def plugins(self) -> Path:
        """The plugins folder."""
        return self.home.folder / "plugins"

    def question(self) -> Question:
        """The verification that must succeed on both sides once the artifact is signed."""
        return Question(self.layout.path, self.layout.digest, self.home, policy_document(), METADATA)

    def go_accepts(self, peer: Peer) -> None:
        """Has the Go side verify the artifact under a strict policy, the signed metadata included."""
        answer = self.question().ask_peer(peer)
        assert answer["ok"], answer["error"]
        assert answer["metadata"] == METADATA
        assert {(each["action"], each["error"]) for each in answer["results"]} == {("enforce", "")}
