"""HTML page of the audit of a real registry, in a real browser."""

import json
from pathlib import Path

from tests.servers.registry.program import GoRegistries
from tests.servers.registry.scenes import run
from tests.support.chromium import Chromium, Tab
from tests.support.registry_content import RegistryContent

_COUNTS = "[...document.querySelectorAll('.counts li')].map((row) => [row.querySelector('a').hash, row.innerText])"
_ROWS = "[...document.querySelectorAll('#rows .repository')].map((link) => link.textContent)"


def test_page_has_what_the_records_have(plain_registry: GoRegistries, tmp_path: Path) -> None:
    """The page of an audit opens in a browser, with the summary's numbers and a link to each finding."""
    content = RegistryContent(3, 60)
    registry = plain_registry.memory(content.write(tmp_path / "content"))
    page, recording = tmp_path / "audit.html", tmp_path / "audit.jsonl"
    done = run(
        content.home(tmp_path / "home"), "audit", registry.host, "--output", "none", "--output-file", str(page),
        "--output-file", str(recording),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    header, *records, summary = map(json.loads, recording.read_text().splitlines())
    with Chromium() as browser:
        tab = Tab(browser)
        tab.open(page.as_uri())
        assert header["audit"]["policy"] in tab.run("document.querySelector('header').innerText")
        counts = {fragment.partition("=")[2]: int(text.split()[0]) for fragment, text in tab.run(_COUNTS)}
        assert counts == {status: number for status, number in summary["summary"]["verdicts"].items() if number}
        failed = next(record for record in records if record["verdict"] == "failed")
        tab.run(f"location.hash = 'digest={failed['digest']}'; new Promise((done) => requestAnimationFrame(done))")
        assert tab.run(_ROWS) == [f"{failed['registry']}/{failed['repository']}"]
        assert failed["reason"] in tab.run("document.querySelector('.record').innerText")
        assert tab.complaints == []
