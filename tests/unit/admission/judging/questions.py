"""Questions for tests, and an examiner that does what it is told."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import notarykit
from notarykit import Digest, Reference, Registries, Tag
from notarykit_admission.access.access import Access
from notarykit_admission.judging.cache import DecisionCache
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.judge import Judge, JudgeLimits
from notarykit_admission.judging.question import Question
from notarykit_admission.policy.policies import LoadedPolicy

LONG = 60.0  # seconds that no test takes
DIGEST = Digest(f"sha256:{'ab' * 32}")
OTHER_DIGEST = Digest(f"sha256:{'cd' * 32}")
_NOTHING = notarykit.parse_policy_document(
    b'{"version": "1.0", "trustPolicies": [{"name": "none", "registryScopes": ["none.test/none"],'
    b' "signatureVerification": {"level": "skip"}}]}'
)
_VERIFIER = notarykit.Verifier(_NOTHING, notarykit.MemoryTrustStore({}))


def question(
    name: str = "web",
    identifier: Tag | Digest = DIGEST,
    *,
    policy: str = "one",
    access: str = "",
    registry: str = "r.test",
    namespace: str = "",
) -> Question:
    """Returns a question about an image."""
    reference = Reference(registry, name, identifier)
    return Question(LoadedPolicy(policy, _VERIFIER), Access(access, ()), reference, namespace)


def reading(*registries: Registries) -> Access:
    """Returns access to registries, one after the other."""
    return Access("", tuple(partial(_lend, each) for each in registries))


@contextmanager
def _lend(registries: Registries) -> Iterator[Registries]:
    yield registries


def verified(digest: str = DIGEST) -> Decision:
    """Returns the decision for an image that was accepted."""
    return Decision(Outcome.VERIFIED, digest, "one")


def kept() -> Decision:
    """Returns that decision as it is known from an earlier question."""
    return verified()._replace(is_kept=True)


class FakeExaminer:
    """Examiner whose work waits until it is let go on.

    Args:
        tags: Digests of tags.
        decide: Function that makes decisions; by default all images are accepted.

    Attributes:
        calls: Work that was begun: its name and the reference.
        most_at_once: Largest number of images that were examined at a time.
    """

    def __init__(
        self, tags: Mapping[str, Digest] | None = None, decide: Callable[[Question], Decision] | None = None
    ) -> None:
        self._tags = tags or {}
        self._decide = decide or (lambda question: verified(question.reference.identifier))
        self._go = threading.Event()
        self._go.set()
        self._changed = threading.Condition()
        self._at_once = 0
        self.most_at_once = 0
        self.calls: list[tuple[str, str]] = []

    def stop(self) -> None:
        """Lets all work wait that begins from now on."""
        self._go.clear()

    def go(self) -> None:
        """Lets all work go on."""
        self._go.set()

    async def begun(self, count: int) -> None:
        """Waits until so much work has begun."""
        await asyncio.to_thread(self._wait_for, count)

    def _wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.calls) >= count, 60)

    def resolve(self, question: Question) -> Digest:
        """Returns the digest of the tag."""
        self._work("resolve", question)
        return self._tags[question.reference.identifier]

    def verify(self, question: Question) -> Decision:
        """Returns the decision."""
        self._work("verify", question)
        return self._decide(question)

    def _work(self, name: str, question: Question) -> None:
        with self._changed:
            self.calls.append((name, str(question.reference)))
            self._changed.notify_all()
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            assert self._go.wait(60)
        finally:
            with self._changed:
                self._at_once -= 1


def judging(
    examiner: FakeExaminer, test: Callable[[Judge], Awaitable[None]], limits: JudgeLimits | None = None
) -> None:
    """Runs a test with a judge, and lets go of all work at its end."""

    async def run() -> None:
        judge = Judge(examiner, DecisionCache(), limits or JudgeLimits())
        try:
            async with asyncio.timeout(120):
                await test(judge)
        finally:
            examiner.go()
            await judge.close()

    asyncio.run(run())
