"""Retries of operations that other processes disturb."""

from threading import Event, Thread

import pkcs11
import pytest

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginTimeoutError, PluginValidationError
from notarykit.plugin.time_limit import deadline
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.errors import REMOVED, TRANSIENT, WRONG_PIN
from notarykit_pkcs11.token.retry import TransientError
from notarykit_pkcs11.token.session import TokenSession
from plugins.pkcs11.tests.fake_token import MODULE_PATH, FakeToken, failing, use


def test_success_needs_no_process_lock(module: Module, locks: list[str], pauses: list[float]) -> None:
    """An operation that succeeds at once takes no process lock."""
    operation, sessions = failing()
    assert use(module, operation) == "done"
    assert (len(sessions), locks, pauses) == (1, [], [])


@pytest.mark.parametrize("kind", TRANSIENT)
def test_transient_error_is_retried_under_the_process_lock(
    module: Module, locks: list[str], pauses: list[float], kind: type[pkcs11.PKCS11Error]
) -> None:
    """A transient error is retried at once under the process lock, then after pauses."""
    operation, sessions = failing(kind())
    assert use(module, operation) == "done"
    assert (len(sessions), locks, pauses) == (2, [MODULE_PATH, "unlocked"], [])
    operation, sessions = failing(kind(), kind(), kind())
    assert use(module, operation) == "done"
    assert (len(sessions), len(pauses)) == (4, 2)
    assert locks == [MODULE_PATH, "unlocked"] * 2


def test_persistent_error_is_raised_after_growing_pauses(module: Module, pauses: list[float]) -> None:
    """A persistent transient error is raised as a plugin error, after pauses that grow."""
    operation, sessions = failing(*[pkcs11.DeviceError()] * 100)
    with pytest.raises(PluginError, match="the module answered CKR_DEVICE_ERROR") as caught:
        use(module, operation)
    assert caught.value.__suppress_context__
    assert len(sessions) == 9
    assert pauses == sorted(pauses)
    assert 1 < sum(pauses) < 10


def test_pauses_end_at_the_deadline(module: Module, pauses: list[float]) -> None:
    """No pause lasts longer than the rest of the call."""
    operation, _ = failing(*[pkcs11.DeviceError()] * 100)
    with deadline(0.0), pytest.raises(PluginError):
        use(module, operation)
    assert sum(pauses) == 0


def test_each_attempt_opens_a_new_session(module: Module, token: FakeToken) -> None:
    """Each attempt closes the sessions before it, and initialises the module again."""
    opened = []

    def operation(session: TokenSession) -> str:
        session.objects({})
        opened.append(token.sessions[-1])
        if len(opened) < 3:
            raise pkcs11.DeviceError
        return "done"

    assert use(module, operation) == "done"
    assert len(set(map(id, opened))) == 3
    assert [item.is_closed for item in opened] == [True, True, False]
    assert module.library.refreshes == 2


@pytest.mark.parametrize("kind", REMOVED)
def test_removed_token_is_not_retried(module: Module, locks: list[str], kind: type[pkcs11.PKCS11Error]) -> None:
    """A removed token is not waited for."""
    operation, sessions = failing(kind())
    with pytest.raises(PluginError, match="the token was removed"):
        use(module, operation)
    assert (len(sessions), locks, module.sessions) == (1, [], {})


@pytest.mark.parametrize("kind", [*WRONG_PIN, pkcs11.PinLocked, pkcs11.FunctionCancelled, pkcs11.SessionCount])
def test_permanent_error_is_not_retried(module: Module, locks: list[str], kind: type[pkcs11.PKCS11Error]) -> None:
    """An error that no other process causes is not retried, a wrong PIN above all."""
    operation, sessions = failing(kind())
    with pytest.raises(PluginError):
        use(module, operation)
    assert (len(sessions), locks) == (1, [])


def test_plugin_error_is_not_retried(module: Module, locks: list[str]) -> None:
    """An error of the plugin itself is not retried."""
    operation, sessions = failing(PluginAccessDeniedError("no"))
    with pytest.raises(PluginAccessDeniedError, match=r"^no$"):
        use(module, operation)
    assert (len(sessions), locks) == (1, [])


def test_absent_object_is_retried_less_often(module: Module) -> None:
    """An absent object is looked up again fewer times than a transient error is retried."""
    operation, sessions = failing(*[TransientError(PluginValidationError("no key"), is_not_found=True)] * 100)
    with pytest.raises(PluginValidationError, match=r"^no key$"):
        use(module, operation)
    assert len(sessions) == 4


def test_absent_object_closes_the_session(module: Module, token: FakeToken) -> None:
    """Each lookup of an absent object has a session of its own, as a disturbed module lists only some objects."""

    def operation(session: TokenSession) -> str:
        session.objects({})
        raise TransientError(PluginValidationError("no key"), is_not_found=True)

    with pytest.raises(PluginValidationError, match=r"^no key$"):
        use(module, operation)
    assert [session.is_closed for session in token.sessions] == [True] * 3


def test_thread_waiting_for_the_module_times_out(module: Module) -> None:
    """A thread that does not get the module before the deadline fails, without running its operation."""
    holding, done = Event(), Event()

    def hold() -> None:
        with module.locked():
            holding.set()
            done.wait(60)

    thread = Thread(target=hold)
    thread.start()
    try:
        holding.wait(60)
        operation, sessions = failing()
        with deadline(0.1), pytest.raises(PluginTimeoutError, match="which was busy with other signatures"):
            use(module, operation)
        assert sessions == []
    finally:
        done.set()
        thread.join()
    assert use(module, operation) == "done"
