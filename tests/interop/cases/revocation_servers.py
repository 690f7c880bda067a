"""Revocation cases of server faults and of longer chains."""

import base64
from collections.abc import Callable
from typing import Any

from tests.interop.cases.revocation_base import (
    BY_CRL,
    BY_OCSP,
    STATUSES,
    Put,
    Scene,
    case,
    crl_case,
    ocsp_case,
)
from tests.servers.registry.http_server import Reply
from tests.support.crls import make_crl, revoked
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    make_answer,
)
from tests.support.revocable import crl_path, ocsp_path

# What servers do.


def _answer_of(on: Scene) -> bytes:
    return make_answer(on.chain)


def _crl_of(on: Scene) -> bytes:
    return make_crl(on.chain)


def _faulty(fault: Callable[[Scene, str], object], by: str) -> Put:
    return lambda on: (fault(on, on.path + (ocsp_path(0) if by == "ocsp" else crl_path(0))), None)[1]


for _by, _chain_of, _content in (
    ("ocsp", {**BY_OCSP, "ocsp_at": {1: []}}, _answer_of),
    ("crl", {**BY_CRL, "crl_at": {1: []}}, _crl_of),
):
    for _fault_name, _fault, _status in (
        ("hangs", lambda on, path: on.on.hang(path), "unknown"),
        ("hangs after the head", lambda on, path: on.on.hang(path, Reply(200, (("Content-Length", "5"),))), "unknown"),
        ("status 404", lambda on, path: on.on.fail(path, 404), "unknown"),
        ("status 503", lambda on, path: on.on.fail(path, 503), "unknown"),
        ("a page", lambda on, path: on.on.put(path, b"<html></html>", "text/html"), "unknown"),
        ("nothing", lambda on, path: on.on.put(path, b""), "unknown"),
        (
            "status 404 with the content",
            lambda on, path, content=_content: on.on.put(path, content(on), status=404),
            "unknown",
        ),
        ("another media type", lambda on, path, content=_content: on.on.put(path, content(on), "text/html"), "good"),
        ("no media type", lambda on, path, content=_content: on.on.put(path, content(on), None), "good"),
        ("half of it", lambda on, path, content=_content: on.on.cut(path, content(on), 99), "unknown"),
        ("more behind it", lambda on, path, content=_content: on.on.put(path, content(on) + b"\0"), "unknown"),
        (
            "a redirect",
            lambda on, path, content=_content: (
                on.on.put(on.path + "/there", content(on)),
                on.on.redirect(path, on.path + "/there"),
            ),
            "good",
        ),
        ("a circle", lambda on, path: on.on.redirect_in_a_circle(path, 2), "unknown"),
        (
            "PEM",
            lambda on, path, content=_content: on.on.put(
                path, b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(content(on)) + b"-----END X509 CRL-----\n"
            ),
            "unknown",
        ),
    ):
        case(f"server, {_by}: {_fault_name}", _faulty(_fault, _by), _chain_of, _status)


def _post_alone(on: Scene, path: str) -> None:
    def reply(seen: Any, to: Any) -> None:
        to.reply(Reply(200, (), _answer_of(on)) if seen.method == "POST" else Reply(405))

    on.on.answering(path, reply)


case("server, ocsp: POST alone", _faulty(_post_alone, "ocsp"), {**BY_OCSP, "ocsp_at": {1: []}}, "good")

# Chains.

for _length in (1, 2, 4, 6):
    for _bad in (None, *range(_length - 1)):
        for _how in ("ocsp", "crl"):

            def _long(on: Scene, length: int = _length, bad: int | None = _bad, how: str = _how) -> None:
                for place in range(length - 1):
                    if how == "ocsp":
                        on.answer(REVOKED if place == bad else GOOD, place)
                    else:
                        on.crl(*([revoked(on.chain, place)] if place == bad else []), place=place)

            case(
                f"chain of {_length} by {_how}, revoked {_bad}",
                _long,
                {**(BY_OCSP if _how == "ocsp" else BY_CRL), "crl_at": {}, "ocsp_at": {}, "length": _length},
            )
for _purpose, _spec in (
    ("timestamping", "RSA-2048"),
    ("timestamping", "EC-256"),
    ("code signing", "RSA-3072"),
    ("code signing", "EC-521"),
):
    for _word, _single in STATUSES.items():
        ocsp_case(f"{_word} for {_purpose} with {_spec}", _single, _word, chain={"purpose": _purpose, "spec": _spec})
    crl_case(
        f"revoked for {_purpose} with {_spec}", None, expected="revoked", chain={"purpose": _purpose, "spec": _spec}
    )
