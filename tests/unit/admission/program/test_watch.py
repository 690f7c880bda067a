"""Files that are taken up while the program runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.program import watch as watch_module
from notarykit_admission.program.settings import Settings
from notarykit_admission.program.watch import FileWatch, WatchedFiles
from notarykit_admission.server.tls import TLSFiles
from tests.unit.admission.policy.setups import document
from tests.unit.admission.policy.setups import files as policy_files
from tests.unit.admission.policy.volumes import Volume
from tests.unit.admission.server.serving import make_files

_SECONDS = 60


class _Setting:
    """Watched files in a folder."""

    def __init__(self, folder: Path, *, expired: bool = False) -> None:
        self.volume = Volume(folder / "policy")
        self.volume.write(policy_files())
        made = make_files(folder / "tls")
        tls = TLSFiles(*made.ca.server(["localhost"], expired=True)) if expired else made.tls
        self.watched = WatchedFiles(Settings(str(self.volume.folder), tls))

    def watch(self, test: Callable[[], Awaitable[None]]) -> None:
        """Runs a test while the files are watched."""

        async def run() -> None:
            async with asyncio.timeout(_SECONDS):
                watching = asyncio.create_task(self.watched.watch())
                await test()
                self.watched.end()
                await watching

        asyncio.run(run())

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds."""
        while not holds():  # noqa: ASYNC110 - the files have no event for it
            await asyncio.sleep(0.005)


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at only when somebody says so."""
    monkeypatch.setattr(watch_module, "_SECONDS_BETWEEN_LOOKS", 3600)


def test_change_is_found(tmp_path: Path) -> None:
    """A change counts after a while by itself."""
    setting = _Setting(tmp_path)
    before = setting.watched.policies.current.identity

    async def test() -> None:
        setting.volume.write(policy_files(**{"trustpolicy.json": document(scope="r.test/web")}))
        await setting.until(lambda: setting.watched.policies.current.identity != before)

    setting.watch(test)


@pytest.mark.usefixtures("seldom")
def test_change_counts_at_once_on_demand(tmp_path: Path) -> None:
    """A change counts at once, without a second look some time later, if somebody says that it is whole."""
    setting = _Setting(tmp_path)
    before = setting.watched.policies.current.identity

    async def test() -> None:
        for scope in ("r.test/one", "r.test/two"):
            setting.volume.write(policy_files(**{"trustpolicy.json": document(scope=scope)}))
            setting.watched.look_now()
            await setting.until(lambda: setting.watched.policies.current.identity != before)

    setting.watch(test)


@pytest.mark.usefixtures("seldom")
def test_mistake_does_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong in a look is logged once, readiness tells it, and other files are looked at all the same."""
    setting = _Setting(tmp_path)
    watched, looks = setting.watched, 0

    def refresh() -> bool:
        nonlocal looks
        looks += 1
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(watched, "policy_watch", FileWatch("policies", refresh))
    before = watched.tls_watch.looked

    async def test() -> None:
        for count in (2, 4):
            watched.look_now()
            await setting.until(lambda: looks == count)  # noqa: B023 - it is waited for here
        await setting.until(lambda: watched.tls_watch.looked > before)

    setting.watch(test)
    assert [record.getMessage() for record in caplog.records] == [
        "the new policies do not count, and the last good ones do: internal error: RuntimeError"
    ]
    assert watched.problems() == "with older files: internal error: RuntimeError"


def test_expired_certificate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A certificate that has ended is used, since there is no other, and said in the log and in readiness."""
    setting = _Setting(tmp_path, expired=True)
    end = setting.watched.tls.end
    assert timedelta(hours=23) < datetime.now(UTC) - end < timedelta(hours=25)
    text = f"the certificate ended at {end:%Y-%m-%dT%H:%M:%SZ}"
    assert setting.watched.problems() == text

    async def test() -> None:
        await setting.until(lambda: f"{text}: renew it" in caplog.text)

    setting.watch(test)


def test_problems(tmp_path: Path) -> None:
    """Readiness says what of the present files cannot be used, and nothing when they can."""
    setting = _Setting(tmp_path)
    assert setting.watched.problems() == ""
    setting.volume.write({"trustpolicy.json": b"{"})
    Path(setting.watched.tls._files.key).write_bytes(b"")
    for watch in (setting.watched.policy_watch, setting.watched.policy_watch, setting.watched.tls_watch):
        assert watch.look() is False
    problems = setting.watched.problems()
    assert problems.startswith("with older files: trust policy trustpolicy.json")
    assert "; " in problems


class _Refresh:
    """Refresh whose result the tests set."""

    def __init__(self) -> None:
        self.result: bool | ConfigurationError | None = False

    def __call__(self) -> bool | None:
        """Returns the result, or raises it."""
        if isinstance(self.result, ConfigurationError):
            raise self.result
        return self.result


def test_problem_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A problem is logged once, stays while the files are being changed, and is over when they are good."""
    refresh = _Refresh()
    watch = FileWatch("policies", refresh)
    for result in (ConfigurationError("one\nis malformed"), ConfigurationError("one\nis malformed"), None):
        refresh.result = result
        assert watch.look() is False
    assert watch.problem == "one is malformed"
    refresh.result = ConfigurationError("another is malformed")
    assert watch.look() is False
    assert [record.getMessage() for record in caplog.records] == [
        "the new policies do not count, and the last good ones do: one is malformed",
        "the new policies do not count, and the last good ones do: another is malformed",
    ]
    refresh.result = False
    assert watch.look() is False
    assert watch.problem == ""


def test_times_of_files() -> None:
    """Each look has its time, and so has the one at which others were taken up."""
    refresh = _Refresh()
    watch = FileWatch("policies", refresh)
    begun = watch.loaded
    for result, is_new in ((False, False), (None, False), (ConfigurationError("x"), False), (True, True)):
        looked, refresh.result = watch.looked, result
        assert watch.look() is is_new
        assert watch.looked > looked
        assert (watch.loaded > begun) is is_new
    assert watch.loaded == watch.looked
