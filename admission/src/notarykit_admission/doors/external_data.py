"""Doors of Gatekeeper and Kyverno: external data about keys."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from notarykit_admission.judging.decision import Outcome
from notarykit_admission.message import join_reasons
from notarykit_admission.protocol.external_data import (
    Item,
    Key,
    answer_items,
    answer_system_error,
    decode_external_data,
)
from notarykit_admission.review.review import Consequence, Origin, Review, Reviewed
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.workload.images import Image


async def answer_external_data(
    reviewer: Reviewer, body: bytes, seconds: float, *, pins: bool, bare: bool = False
) -> bytes:
    """Returns the answer about each key, or an error of the whole where nothing is known of one.

    It never takes longer than it may.

    Args:
        reviewer: Reviews the images that the keys are about.
        body: The request in JSON.
        seconds: Seconds within which the answer is wanted.
        pins: True to answer with the reference and the digest that was judged, for a mutation; else with the outcome.
        bare: True if no policy stands between the object and its keys, as in Gatekeeper's mutation: they are references
            in the words of the object's maker, and name no namespace.

    Raises:
        RequestError: It is malformed, or of another version.
    """
    reviewed = await _review(reviewer, decode_external_data(body, bare=bare), seconds, pins=pins)
    # Gatekeeper keeps an error of a key for minutes, and an error of the whole answer not at all.
    if transient := [each.line for each in reviewed.values() if _is_transient(each)]:
        return answer_system_error(join_reasons(transient))
    return answer_items({key: _item(each, pins=pins) for key, each in reviewed.items()})


async def _review(reviewer: Reviewer, keys: Sequence[Key], seconds: float, *, pins: bool) -> dict[Key, Reviewed]:
    """Returns the image of each key, reviewed by the rule of its namespace."""
    namespaces: dict[str, list[Key]] = {}
    for key in keys:
        namespaces.setdefault(key.namespace, []).append(key)
    reviews = await _side_by_side(
        [
            reviewer.review(Origin(name), [Image(key.image) for key in members], seconds, pins=pins)
            for name, members in namespaces.items()
        ]
    )
    found = {
        key: each
        for members, review in zip(namespaces.values(), reviews, strict=True)
        for key, each in zip(members, review.images, strict=True)
    }
    return {key: found[key] for key in keys}


def _item(reviewed: Reviewed, *, pins: bool) -> Item:
    if reviewed.consequence is Consequence.DENIED:
        return Item(error=reviewed.line)
    return Item(reviewed.pinned if pins else str(reviewed.decision.outcome))


async def _side_by_side(reviews: Sequence[Coroutine[Any, Any, Review]]) -> Sequence[Review]:
    """Returns all reviews; a single one, which is the rule, needs no task."""
    return await asyncio.gather(*reviews) if len(reviews) > 1 else [await review for review in reviews]


def _is_transient(reviewed: Reviewed) -> bool:
    """Tells whether an image is denied for a reason that may be over soon."""
    return reviewed.consequence is Consequence.DENIED and reviewed.decision.outcome is Outcome.UNDECIDED
