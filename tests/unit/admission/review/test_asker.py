"""Asker: pull secrets are read where they are needed, in time, and again when they were refused."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import notarykit
from notarykit import Digest, Reference
from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.pull_secrets import Puller, PullSecretReader
from notarykit_admission.access.registries import RegistryAccess
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.judge import Judge
from notarykit_admission.judging.question import Question
from notarykit_admission.policy.policies import LoadedPolicy
from notarykit_admission.review.asker import Asker
from notarykit_admission.workload.images import NO_SECRETS, PullSecrets
from tests.unit.admission.access.secrets import Objects, secret

_DIGEST = Digest(f"sha256:{'ab' * 32}")
_VERIFIED, _SKIPPED = Decision(Outcome.VERIFIED, _DIGEST), Decision(Outcome.SKIPPED)
_DENIED = Decision(Outcome.UNDECIDED, reason="r.test denies GET", lacks_access=True)
_POD = Puller("shop", PullSecrets(("registry",)))
_POLICY = LoadedPolicy("one", cast("notarykit.Verifier", None))


class _Judge:
    """Judge for whom an image is readable with certain credentials.

    Attributes:
        asked: Names and number of credentials of each question, for each time that it was asked.
        seconds: Times that it was given.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self.asked: list[dict[str, int]] = []
        self.seconds: list[float] = []

    async def decide(self, questions: Sequence[Question], seconds: float) -> tuple[Decision, ...]:
        """Returns the decisions."""
        await asyncio.sleep(0)
        self.asked.append({question.reference.name: len(question.access.ways) for question in questions})
        self.seconds.append(seconds)
        return tuple(map(self._decision, questions))

    def _decision(self, question: Question) -> Decision:
        wanted = self._users.get(question.reference.name, "")
        for way in question.access.ways:
            with way() as registries:
                found = registries._settings.credentials(question.reference.scope)
            if (found.username if found else "") == wanted:
                return _VERIFIED
        return _DENIED


class _Setting:
    """An asker, its judge, and the objects of its API server."""

    def __init__(self, users: Mapping[str, str], stored: Mapping[str, Any]) -> None:
        self.judge = _Judge(users)
        self.objects = Objects(stored)
        self.reader: PullSecretReader | None = PullSecretReader(self.objects.get)
        self._pool = RegistryPool()

    async def ask(self, *names: str, puller: Puller = _POD, seconds: float = 60) -> list[Decision]:
        """Asks about images."""
        access = RegistryAccess(RegistryFiles(AccessSettings()), self._pool)
        references = [Reference("r.test", name, _DIGEST) for name in names]
        asker = Asker(cast("Judge", self.judge), access, self.reader)
        return list(await asker.ask(_POLICY, references, puller, seconds))


def _run(setting: Callable[[], _Setting], *names: str, **given: Any) -> tuple[_Setting, list[Decision]]:
    async def main() -> tuple[_Setting, list[Decision]]:
        async with asyncio.timeout(60):
            made = setting()
            return made, await made.ask(*names, **given)

    return asyncio.run(main())


_STORED = {"shop/secrets/registry": secret({"r.test": "alice"})}


def test_secrets_of_the_pod() -> None:
    """Images are read with the pod's secrets, in the time that there is."""
    setting, decisions = _run(lambda: _Setting({"private": "alice"}, _STORED), "private", "public", seconds=100)
    assert decisions == [_VERIFIED, _VERIFIED]
    assert setting.judge.asked == [{"private": 2, "public": 2}]
    assert 90 < setting.judge.seconds[0] <= 100


def test_nothing_is_read_without_a_pod() -> None:
    """For a request that says nothing of a pod the program's own credentials count, and its operator is advised."""
    setting, decisions = _run(lambda: _Setting({"private": "alice"}, _STORED), "private", puller=Puller("shop"))
    assert decisions[0].reason == "r.test denies GET: give this program credentials for r.test"
    assert setting.objects.read == []
    assert setting.judge.asked == [{"private": 1}]


def test_nothing_is_read_unless_it_is_wanted() -> None:
    """Without a reader, a pod's secrets do not count."""

    def without() -> _Setting:
        setting = _Setting({"private": "alice"}, _STORED)
        setting.reader = None
        return setting

    setting, decisions = _run(without, "private")
    assert decisions[0].lacks_access
    assert setting.objects.read == []


def test_pod_without_secrets() -> None:
    """A pod without secrets has none read, and is advised to name one."""
    pod = Puller("shop", NO_SECRETS)
    setting, decisions = _run(lambda: _Setting({"private": "alice"}, _STORED), "private", puller=pod)
    advice = "name a secret with credentials for r.test in imagePullSecrets"
    assert decisions[0].reason == f"r.test denies GET: {advice}"
    assert setting.objects.read == []


def test_nothing_is_read_for_no_image() -> None:
    """Where no image has to be looked at, no secret is read."""
    setting, decisions = _run(lambda: _Setting({}, _STORED))
    assert decisions == []
    assert setting.objects.read == []


def test_secrets_that_cannot_be_read() -> None:
    """All images are undecided then, and none is asked about."""
    setting, decisions = _run(lambda: _Setting({}, {"shop/secrets/registry": b"[]"}), "public", "other")
    assert [decision.outcome for decision in decisions] == [Outcome.UNDECIDED] * 2
    assert decisions[0].reason.startswith("the secret 'registry' of namespace 'shop' cannot be read")
    assert setting.judge.asked == []


def test_time_for_the_secrets_is_the_reviews() -> None:
    """Reading secrets takes no longer than the whole review may."""

    def silent() -> _Setting:
        setting = _Setting({}, _STORED)
        setting.objects.go.clear()
        return setting

    _, decisions = _run(silent, "public", seconds=0.01)
    assert decisions[0].reason == "the pull secrets were not read within 0.01 seconds: try again"


def test_missing_secret_is_named() -> None:
    """A missing secret keeps nobody from public images; who is denied is told of it."""
    _, decisions = _run(lambda: _Setting({"private": "alice"}, {}), "public", "private")
    assert decisions[0] == _VERIFIED
    assert decisions[1].reason.endswith("in imagePullSecrets (secret 'registry' does not exist)")


def test_secret_that_may_not_read() -> None:
    """Where the secrets have credentials for the host, others have to be put into them."""
    _, decisions = _run(lambda: _Setting({"private": "bob"}, _STORED), "private")
    assert decisions[0].reason.endswith(": put credentials into the pull secrets that may read r.test/private")


def test_rotated_secret() -> None:
    """After a refusal a secret that was read before is read again, and what it holds now counts at once."""

    async def main() -> None:
        setting = _Setting({"private": "bob"}, _STORED)
        assert (await setting.ask("public"))[0] == _VERIFIED
        setting.objects.stored["shop/secrets/registry"] = secret({"r.test": "bob"})
        assert setting.reader is not None
        entries = setting.reader._objects._entries
        entries.update({key: entry._replace(begun=entry.begun - 5) for key, entry in entries.items()})
        assert await setting.ask("public", "private") == [_VERIFIED, _VERIFIED]
        assert setting.judge.asked[1:] == [{"public": 2, "private": 2}, {"private": 2}]
        assert setting.objects.read == ["shop/secrets/registry"] * 2

    asyncio.run(main())


def test_refusals_do_not_make_it_read_all_the_time() -> None:
    """A secret that was just read is not read again for a refusal."""

    async def main() -> None:
        setting = _Setting({"private": "bob"}, _STORED)
        for _ in range(5):
            assert (await setting.ask("private"))[0].lacks_access
        assert setting.objects.read == ["shop/secrets/registry"]

    asyncio.run(main())
