"""Doors of Gatekeeper and Kyverno: external data about keys."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from notarykit_admission.judging.decision import Outcome
from notarykit_admission.policy.rules import Mode, Rule
from notarykit_admission.protocol.external_data import (
    Item,
    Key,
    answer_items,
    answer_system_error,
    decode_external_data,
)
from notarykit_admission.review.review import Image, Origin, Review, Reviewed
from notarykit_admission.review.reviewer import Reviewer


class ExternalDataDoor:
    """Answers requests about keys.

    Args:
        reviewer: Reviews images.
        pins: True to answer with the reference and the digest that was judged, for a mutation; else with the outcome.
        bare: True if no policy stands between the object and its keys, as in Gatekeeper's mutation: they are references
            that whoever made the object has written, and name no namespace.
    """

    def __init__(self, reviewer: Reviewer, *, pins: bool, bare: bool = False) -> None:
        self._reviewer = reviewer
        self._pins = pins
        self._bare = bare

    async def answer(self, body: bytes, seconds: float) -> bytes:
        """Returns the answer about each key, or an error of the whole where nothing is known of one; never later.

        Args:
            body: The request in JSON.
            seconds: Seconds within which the answer is wanted.

        Raises:
            RequestError: The request is malformed, or of another version.
        """
        keys = decode_external_data(body, bare=self._bare)
        reviewed = await self._review(keys, seconds)
        # Gatekeeper keeps an error of a key for minutes, and an error of the whole answer not at all.
        if passing := [each.line for rule, each in reviewed.values() if _may_pass(each, rule)]:
            return answer_system_error(passing)
        return answer_items({key: self._item(each, rule) for key, (rule, each) in reviewed.items()})

    async def _review(self, keys: Sequence[Key], seconds: float) -> dict[Key, tuple[Rule, Reviewed]]:
        """Returns the image of each key, with the rule of its namespace."""
        namespaces: dict[str, list[Key]] = {}
        for key in keys:
            namespaces.setdefault(key.namespace, []).append(key)
        reviews = await _side_by_side(
            [
                self._reviewer.review(Origin(name), [Image("", key.image) for key in members], seconds, pins=self._pins)
                for name, members in namespaces.items()
            ]
        )
        found = {
            key: (review.rule, each)
            for members, review in zip(namespaces.values(), reviews, strict=True)
            for key, each in zip(members, review.images, strict=True)
        }
        return {key: found[key] for key in keys}

    def _item(self, reviewed: Reviewed, rule: Rule) -> Item:
        if not reviewed.decision.admits and rule.mode is Mode.ENFORCE:
            return Item(error=reviewed.line)
        return Item(reviewed.pinned if self._pins else str(reviewed.decision.outcome))


async def _side_by_side(reviews: Sequence[Coroutine[Any, Any, Review]]) -> Sequence[Review]:
    """Returns all reviews; a single one, which is the rule, needs no task."""
    return await asyncio.gather(*reviews) if len(reviews) > 1 else [await review for review in reviews]


def _may_pass(reviewed: Reviewed, rule: Rule) -> bool:
    return reviewed.decision.outcome is Outcome.UNDECIDED and rule.mode is Mode.ENFORCE


def failure(reason: str) -> bytes:
    """Returns the answer to a request that was not looked at; its reason reaches whoever made the pod."""
    return answer_system_error([reason])
