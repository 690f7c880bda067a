"""Asker: asks the judge about images, with the credentials of whoever pulls them."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from notarykit import Reference
from notarykit_admission.access.pull_secrets import Keyring, Puller, PullSecretReader, PullSecretsError
from notarykit_admission.access.registries import RegistryAccess
from notarykit_admission.judging.decision import Decision, undecided
from notarykit_admission.judging.judge import Judge
from notarykit_admission.judging.question import Question
from notarykit_admission.message import one_line
from notarykit_admission.policy.policies import LoadedPolicy
from notarykit_admission.workload.images import NO_SECRETS

# After a refusal by a registry, secrets are read again that are older; more often, nobody makes this program read them.
_SECONDS_OF_REFUSED = 1.0


class Asker:
    """Asks for decisions on images.

    Args:
        judge: Decides.
        access: Gives access to registries.
        reader: Reads pull secrets; None if they are not read.
    """

    def __init__(self, judge: Judge, access: RegistryAccess, reader: PullSecretReader | None = None) -> None:
        self._judge = judge
        self._access = access
        self._reader = reader

    async def ask(
        self, policy: LoadedPolicy, references: Sequence[Reference], puller: Puller, seconds: float
    ) -> tuple[Decision, ...]:
        """Returns the decision on each image, in their order; it never takes longer than it may.

        Args:
            policy: Trust policy and trust stores.
            references: References to the images, all of which have to be looked at.
            puller: Who pulls the images.
            seconds: Seconds within which the decisions are wanted.
        """
        end = time.monotonic() + seconds
        questions = [Question(policy, self._access.own(each), each, puller.namespace) for each in references]
        if self._reader is not None and puller.secrets is not None:
            return await self._ask(self._reader, questions, puller, end)
        decisions = await self._judge.decide(questions, seconds)
        return _advised(questions, decisions, _advice_for_operators)

    async def _ask(
        self, reader: PullSecretReader, questions: Sequence[Question], puller: Puller, end: float
    ) -> tuple[Decision, ...]:
        """Returns the decisions with a pod's credentials."""
        keyring = Keyring()
        has_secrets = bool(questions) and puller.secrets != NO_SECRETS
        if has_secrets:
            try:
                keyring = await reader.keyring(puller, _left(end))
            except PullSecretsError as error:
                return (undecided(str(error)),) * len(questions)
        decisions = await self._decide(questions, keyring, end)
        if has_secrets and any(decision.lacks_access for decision in decisions):
            keyring, old = await self._read_again(reader, puller, keyring, end), keyring
            if keyring != old:
                refused = [q for q, decision in zip(questions, decisions, strict=True) if decision.lacks_access]
                again = iter(await self._decide(refused, keyring, end))
                decisions = tuple(next(again) if decision.lacks_access else decision for decision in decisions)
        return _advised(questions, decisions, partial(_advice_for_users, keyring))

    async def _decide(self, questions: Sequence[Question], keyring: Keyring, end: float) -> tuple[Decision, ...]:
        return await self._judge.decide(
            [each._replace(access=self._access.with_secrets(each.reference, keyring)) for each in questions], _left(end)
        )

    @staticmethod
    async def _read_again(reader: PullSecretReader, puller: Puller, keyring: Keyring, end: float) -> Keyring:
        """Returns the credentials as they are now, where the registry has refused those that were read before."""
        try:
            return await reader.keyring(puller, _left(end), _SECONDS_OF_REFUSED)
        except PullSecretsError:  # the refusal counts
            return keyring


def _left(end: float) -> float:
    return max(0.0, end - time.monotonic())


def _advice_for_operators(reference: Reference) -> str:
    return f"give this program credentials for {reference.registry}"


def _advice_for_users(keyring: Keyring, reference: Reference) -> str:
    if keyring.config.all(reference.scope):
        advice = f"put credentials into the pull secrets that may read {reference.scope}"
    else:
        advice = f"name a secret with credentials for {reference.registry} in imagePullSecrets"
    return f"{advice} ({', '.join(keyring.flaws)})" if keyring.flaws else advice


def _advised(
    questions: Sequence[Question], decisions: Sequence[Decision], advice: Callable[[Reference], str]
) -> tuple[Decision, ...]:
    """Adds to a registry's refusals what to do about them, which is not the same for all who get the decisions."""
    return tuple(
        decision._replace(reason=one_line(f"{decision.reason}: {advice(question.reference)}"))
        if decision.lacks_access
        else decision
        for question, decision in zip(questions, decisions, strict=True)
    )
