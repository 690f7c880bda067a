"""The library as a type checker sees it from a program that uses it."""

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import asyncio
from typing import assert_type

import notarykit


async def program(reference: str) -> None:
    found = await asyncio.to_thread(notarykit.verify, reference, timeout=10)
    assert_type(found, notarykit.VerifiedArtifact)
    if isinstance(found.verdict, notarykit.Verified):
        assert_type(found.verdict.policy, str)
    with notarykit.load_registries(credentials=lambda _: notarykit.Credentials("name", "password")) as registries:
        assert_type(registries, notarykit.Registries)
        made = notarykit.sign(notarykit.parse_reference(reference), "build", registries=registries)
    assert_type(made, notarykit.SignedArtifact)
    verifier = notarykit.load_verifier()._replace(max_signatures=20)
    assert_type(verifier, notarykit.Verifier)
    try:
        notarykit.verify(reference, verifier=verifier)
    except notarykit.VerificationError as error:
        assert_type(error.results, tuple[notarykit.StepResult, ...])
        assert_type([each.error for each in error.results], list[notarykit.NotarykitError | None])
    with open("release.tar", "rb") as file:
        signed = notarykit.sign_blob(file, "build", content_media_type="application/x-tar")
    assert_type(signed, notarykit.SignedBlob)
    notarykit.write_signature(notarykit.signature_path("release.tar", notarykit.JWS), signed.signature.envelope)
    verified = notarykit.verify_blob("release.tar", signed.signature.envelope, verifier=notarykit.load_blob_verifier())
    assert_type(verified, notarykit.VerifiedBlob)
    assert_type(verified.blob, notarykit.Descriptor | None)
"""


def test_results_are_typed(tmp_path: Path) -> None:
    """Parameters and results of the API are typed, by mypy in strict mode."""
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    mypy = str(Path(sys.executable).with_name("mypy"))
    command = [mypy, "--strict", "--python-executable", sys.executable, "--cache-dir", os.devnull, str(program)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Success"), done.stdout + done.stderr
