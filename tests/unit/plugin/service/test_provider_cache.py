"""Cache of a provider: how long a choice is kept, and what threads share."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest

from notarykit.errors import (
    NotarykitError,
    PluginAccessDeniedError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import GeneratedSignature
from notarykit.plugin.service import provider
from notarykit.plugin.time_limit import deadline
from tests.support.ca import Changes, make_chain, name
from tests.support.services import KEY_ID, KeepingPlugin, Service, ServicePlugin
from tests.unit.plugin.service.provided import (
    NEW,
    OLD,
    PAYLOAD,
    certificate_file,
    described,
    keeping,
    signed,
)


def test_choice_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice is made again after CACHE_SECONDS, as the key may have been disabled since."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    for _ in range(3):
        signed(plugin)
    assert service.asked["versions"] == 1
    monkeypatch.setattr(provider, "CACHE_SECONDS", -1.0)
    plugin = KeepingPlugin(service)
    for _ in range(3):
        signed(plugin)
    assert service.asked["versions"] == 4


def test_same_id_at_another_service_is_another_key() -> None:
    """A key id that leads to another service has a choice of its own."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    assert described(plugin) == "EC-256"
    service.where, service.versions = "there", {}
    service.kept = {service.rotate(NEW.leaf_key): NEW.ders}
    assert described(plugin) == "EC-384"


def test_keys_do_not_wait_for_each_other() -> None:
    """While one key's service is slow, another key signs; the same key waits no longer than the call may take."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    signed(plugin)
    asked, go_on = Event(), Event()

    def wait() -> None:
        asked.set()
        go_on.wait(60)

    service.where, service.wait = "slow", wait
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(signed, plugin)
        assert asked.wait(60)
        with deadline(0.01), pytest.raises(PluginTimeoutError):
            signed(plugin)
        service.where = "here"
        signed(plugin)
        go_on.set()
        slow.result()


def _lookups(service: Service) -> int:
    return service.asked["versions"]


def test_key_is_looked_up_once() -> None:
    """A key that is described and signs repeatedly is looked up once in a process."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    for _ in range(5):
        assert described(plugin) == "EC-256"
        signed(plugin)
    assert _lookups(service) == 1
    assert service.asked["certificates"] == 1
    assert service.asked["sign"] == 5


def test_other_configuration_is_another_entry() -> None:
    """Each configuration has an entry of its own, in any order of its settings."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    for number, config in enumerate(({}, {"region": "a"}, {"region": "b"}, {"region": "a", "profile": "p"}), 1):
        described(plugin, **config)
        assert _lookups(service) == number
    described(plugin, profile="p", region="a")
    described(plugin)
    assert _lookups(service) == 4


@pytest.mark.parametrize("setting", ["certificate_chain", "ca_certs"])
def test_changed_file_is_looked_up_again(setting: str, tmp_path: Path) -> None:
    """A change of a file with certificates makes a new lookup."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    path = certificate_file(tmp_path, *OLD.ders)
    config = {setting: path}
    for _ in range(3):
        assert signed(plugin, **config).certificate_chain == OLD.ders
    assert _lookups(service) == 1
    status = Path(path).stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    for _ in range(3):
        signed(plugin, **config)
    assert _lookups(service) == 2


def test_renewed_certificate_is_used_at_once(tmp_path: Path) -> None:
    """A new chain in the file comes with the next signature."""
    renewed = make_chain("EC-256", leaf=Changes(key=OLD.leaf_key), subject=name("renewed"))
    plugin = ServicePlugin(Service(OLD.leaf_key))
    path = certificate_file(tmp_path, *OLD.ders)
    assert signed(plugin, certificate_chain=path).certificate_chain == OLD.ders
    assert certificate_file(tmp_path, *renewed.ders, b"") == path
    os.utime(path, ns=(1, 1))
    assert signed(plugin, certificate_chain=path).certificate_chain == renewed.ders


@pytest.mark.parametrize("failure", [PluginAccessDeniedError("disabled"), PluginThrottledError("slowly")])
def test_failed_signature_clears_the_cache(failure: NotarykitError) -> None:
    """After a failed signature the key is looked up again, as the version may have been disabled."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    signed(plugin)
    service.kept[service.rotate(NEW.leaf_key)] = NEW.ders
    service.failure = failure
    with pytest.raises(type(failure)) as caught:
        signed(plugin)
    assert caught.value is failure
    assert described(plugin) == "EC-384"
    assert _lookups(service) == 2


def test_failed_lookup_is_not_cached() -> None:
    """A key whose certificate is missing is looked up again, and used as soon as the certificate is there."""
    service = Service(OLD.leaf_key)
    plugin = KeepingPlugin(service)
    for number in (1, 2):
        with pytest.raises(PluginValidationError):
            described(plugin)
        assert _lookups(service) == number
    service.kept[f"{KEY_ID}/1"] = OLD.ders
    assert described(plugin) == "EC-256"


def _at_once(count: int, work: Callable[[], object]) -> Iterable[object]:
    barrier = Barrier(count)

    def start(_: int) -> object:
        barrier.wait(60)
        return work()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_threads_share_one_lookup() -> None:
    """Ten threads that begin at once look a key up once, and all of them sign."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    answers = _at_once(10, lambda: signed(plugin))
    assert _lookups(service) == 1
    assert service.signed_with == [f"{KEY_ID}/1"] * 10
    for answer in answers:
        assert isinstance(answer, GeneratedSignature)
        verify_raw(OLD.leaf_key.public_key(), KEY_SPECS["EC-256"], answer.signature, PAYLOAD)


def test_failure_in_one_thread_leaves_the_others() -> None:
    """A failure in one thread spoils no other's signature."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    signed(plugin)
    service.failure = PluginThrottledError("slowly")

    def tried() -> str:
        try:
            return str(signed(plugin).certificate_chain == OLD.ders)
        except PluginThrottledError:
            return "slowly"

    assert sorted(map(str, _at_once(10, tried))) == ["True"] * 9 + ["slowly"]


def test_attached_chain_is_used_at_once() -> None:
    """A new chain clears the cache."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    assert described(plugin) == "EC-256"
    service.rotate(NEW.leaf_key)
    plugin.attach_certificates(KEY_ID, {}, NEW.ders)
    assert described(plugin) == "EC-384"


def test_child_of_a_fork_does_not_wait_for_a_lookup() -> None:
    """A child that was forked during a lookup in another thread is not blocked by it."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    asked, go_on = Event(), Event()

    def wait() -> None:
        asked.set()
        go_on.wait(60)

    service.wait = wait
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(signed, plugin)
        assert asked.wait(60)
        pid = os.fork()
        if pid == 0:
            service.wait = bool
            code = 1
            try:
                with deadline(20.0):
                    signed(plugin)
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        go_on.set()
        slow.result()
