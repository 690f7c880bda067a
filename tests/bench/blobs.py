"""Blobs: a large file beside `openssl dgst`, many small ones beside notation-go, memory, and start-up."""

import base64
import json
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from notarykit import BlobVerifier, SignOptions, sign_blob
from notarykit.blob.content import FileBlob
from notarykit.blob.signature_file import DetachedSignature
from notarykit.envelope.unverified import JWS
from notarykit.keys.local import LocalSigner
from notarykit.trust.parsing import parse_blob_policy_document
from notarykit.trust.store import DirectoryTrustStore
from tests.bench.startup import PROGRAM, Bench, Command, Row
from tests.bench.tables import Ratio
from tests.interop.go_peer import Peer
from tests.support.ca import make_chain
from tests.support.homes import Home, blob_policy_document
from tests.support.requirements import program

MEBIBYTE = 1024 * 1024
LARGE = 1024 * MEBIBYTE
SMALL, SMALL_BYTES = 1000, 4096
ROUNDS = 5
SECONDS = 2.0
MOST_TIMES = 1.05
_HASHES = (("sha256", "EC-256"), ("sha384", "EC-384"), ("sha512", "EC-521"))
_OCTETS = "application/octet-stream"


def make_file(folder: str, name: str, size: int) -> str:
    """Makes a file of random mebibytes, which is in the page cache afterwards, and returns its path."""
    path = os.path.join(folder, name)
    content = os.urandom(MEBIBYTE)
    with open(path, "wb") as file:
        file.writelines(content for _ in range(size // MEBIBYTE))
    return path


def hashing(folder: str, path: str) -> Iterator[Ratio]:
    """Signs a large file, and has openssl hash it, in turns; the rates are MiB for each second of CPU time."""
    for algorithm, spec in _HASHES:
        signer = _signer(Home(Path(folder, spec)), spec)
        rounds = [(_rate_of_signing(path, signer), _rate_of_openssl(path, algorithm)) for _ in range(ROUNDS)]
        yield Ratio.of(f"{algorithm}, signed with {spec}", rounds, 0.95)


def _signer(home: Home, spec: str) -> LocalSigner:
    chain = make_chain(spec, 3, ca_kind=spec)
    home.trust(chain)
    key_file, chain_file = home.add_key(chain)
    return LocalSigner.from_files(str(key_file), str(chain_file))


def _rate_of_signing(path: str, signer: LocalSigner) -> float:
    start = time.process_time()
    sign_blob(path, signer)
    return LARGE / MEBIBYTE / (time.process_time() - start)


def _rate_of_openssl(path: str, algorithm: str) -> float:
    before = _children()
    subprocess.run([program("openssl"), "dgst", f"-{algorithm}", path], check=True, stdout=subprocess.DEVNULL)
    return LARGE / MEBIBYTE / (_children() - before)


def _children() -> float:
    """Seconds of CPU time of the processes that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def small(folder: str, peer: Peer) -> Iterator[Ratio]:
    """Signs and verifies small files in one process of either side, in turns; rates are for each second of CPU time."""
    paths = []
    for number in range(SMALL):
        paths.append(os.path.join(folder, f"{number}.blob"))
        Path(paths[-1]).write_bytes(os.urandom(SMALL_BYTES))
    for spec in ("RSA-2048", "EC-256"):
        both = _Both(Home(Path(folder, f"small-{spec}")), spec, paths, peer)
        yield Ratio.of(f"{spec}, sign", [both.sign() for _ in range(ROUNDS)], None)
        yield Ratio.of(f"{spec}, verify", [both.verify() for _ in range(ROUNDS)], None)
        yield Ratio.of(f"{spec}, verify, trust store read once", [both.verify(once=True) for _ in range(ROUNDS)], None)


class _Both:
    """Small files, and a key with which both sides sign them."""

    def __init__(self, home: Home, spec: str, paths: Sequence[str], peer: Peer) -> None:
        self._signer = _signer(home, spec)
        self._paths, self._peer, self._home = paths, peer, home
        self._policy = json.dumps(blob_policy_document(identities=["*"])).encode()
        self._envelopes = [self._sign(path) for path in paths]
        store = DirectoryTrustStore(str(home.folder / "truststore"))
        self._verifier = BlobVerifier(parse_blob_policy_document(self._policy), store)

    def sign(self) -> tuple[float, float]:
        """Rates of signing of both sides."""
        members = {"keyFile": self._file("build.key"), "chainFile": self._file("build.chain.pem")}
        return self._rate(lambda number: self._sign(self._paths[number])), self._ask("benchSign", **members)

    def verify(self, *, once: bool = False) -> tuple[float, float]:
        """Rates of verification of both sides; more than are remembered, so that none is found on the next pass.

        Args:
            once: True to read our trust store before the first blob alone; else both sides read it for each.
        """
        texts = [base64.b64encode(envelope).decode() for envelope in self._envelopes]
        policy = base64.b64encode(self._policy).decode()
        theirs = self._ask("benchVerify", envelopes=texts, policy=policy, trustStore=self._file(""))
        verifier = self._verifier.fixed() if once else self._verifier
        return self._rate(lambda number: self._verify(verifier, number)), theirs

    def _file(self, name: str) -> str:
        return str(self._home.folder / name)

    def _sign(self, path: str) -> bytes:
        return sign_blob(path, self._signer, SignOptions(media_type=JWS)).signature.envelope

    def _verify(self, verifier: BlobVerifier, number: int) -> None:
        verifier.blob(FileBlob(self._paths[number]), DetachedSignature(JWS, self._envelopes[number]))

    def _rate(self, work: Callable[[int], object]) -> float:
        count, start = 0, time.process_time()
        while time.process_time() - start < SECONDS:
            work(count % len(self._paths))
            count += 1
        return count / (time.process_time() - start)

    def _ask(self, op: str, **members: object) -> float:
        usual = {"blobs": self._paths, "mediaType": JWS, "contentMediaType": _OCTETS, "seconds": SECONDS}
        answer = self._peer.ask(op, **usual | members)
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return float(answer["perSecond"])


class Memory(NamedTuple):
    """Peaks of memory of one command.

    Attributes:
        name: The command.
        small: With a file of 1 MiB, in MiB.
        large: With one of 1 GiB, in MiB.
    """

    name: str
    small: float
    large: float


def commands(folder: str) -> Bench:
    """Returns a folder whose key signs blobs that its policy accepts."""
    bench = Bench(folder)
    policy = ("--name", "b", "--global", "--trust-store", "ca:bench", "--trusted-identity", "*")
    bench.run(PROGRAM, "blob", "policy", "init", *policy)
    return bench


def memory(bench: Bench, large: str) -> Iterator[Memory]:
    """Measures the commands on a file of 1 MiB and on a large one."""
    sizes = (make_file(bench.folder, "mebibyte", MEBIBYTE), large)
    for words in (("sign", "--force"), ("verify",)):
        small, large_one = (bench.peak(PROGRAM, "blob", *words, each) for each in sizes)
        yield Memory(f"notarykit blob {words[0]}", small, large_one)


def startup(bench: Bench) -> list[Row]:
    """Times the commands on a small file."""
    Path(bench.folder, "small").write_bytes(os.urandom(SMALL_BYTES))
    new = Path(bench.folder, "new.jws.sig")
    bench.run(PROGRAM, "blob", "sign", "small")
    sign = [PROGRAM, "blob", "sign", "--signature", str(new), "small"]
    return bench.times(
        [
            Command("notarykit blob sign", 11, sign, lambda: new.unlink(missing_ok=True)),
            Command("notarykit blob verify", 7, [PROGRAM, "blob", "verify", "small"]),
        ]
    )
