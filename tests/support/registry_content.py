"""Content of a registry of any size: repositories of several teams, whose artifacts are signed in every usual way.

Artifacts, their tags and the kinds of their signatures are the same in every run; keys and times are the run's.
"""

import base64
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from notarykit.oci.reference import Digest
from tests.support.ca import Changes, TestChain, make_chain, name
from tests.support.envelopes import COSE, JWS, sign_envelope
from tests.support.homes import Home, policy_document
from tests.support.layouts import INDEX_TYPE, MANIFEST_TYPE
from tests.support.registries import SIGNATURE_TYPE

TEAMS: Final = ("data", "payments", "platform", "web")
STRANGER: Final = "stranger"
PLATFORMS: Final = ("amd64", "arm64")

Kind = Literal["index", "signed", "ending", "expired", "retired", "twice", "disputed", "stranger", "unsigned"]
Verdict = Literal["verified", "failed", "unsigned"]
# Each repository begins at another place of this order.
_ORDER: Final[Sequence[Kind]] = (
    "index", "signed", "signed", "ending", "signed", "twice", "signed", "signed", "unsigned", "signed", "expired",
    "signed", "signed", "disputed", "signed", "signed", "retired", "signed", "signed", "stranger", "signed",
)  # fmt: skip
_VERIFIED: Final = frozenset({"index", "signed", "ending", "twice", "disputed"})
_EMPTY: Final = b"{}"
_EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
_CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"


class Artifact(NamedTuple):
    """Artifact in a repository.

    Attributes:
        repository: Name of the repository.
        digest: Digest of its manifest or index.
        tag: Its tag, or an empty string where only an index lists it.
        parent: Digest of that index, or an empty string.
        kind: Kind of its signatures.
        signers: Teams that signed it, or `STRANGER`.
        verdict: Verdict under the policy of `RegistryContent.home`: `verified`, `failed` or `unsigned`.
    """

    repository: str
    digest: Digest
    tag: str
    parent: str
    kind: Kind
    signers: tuple[str, ...]
    verdict: Verdict


class RegistryContent:
    """Content of a registry.

    Attributes:
        artifacts: All artifacts that are no signatures, by repository.
        at: Time at which it was made; expiries are relative to it.
        signers: Chain of each signer; `TEAM, retired` is one whose certificate has expired.
    """

    def __init__(self, repositories: int = 200, artifacts: int = 10_000, at: datetime | None = None) -> None:
        """Makes and signs so many artifacts, spread evenly; the manifests under an index count."""
        self.at = at or datetime.now(UTC).replace(microsecond=0)
        self.signers = {
            **{team: _chain(team, self.at, timedelta(days=700 + 100 * n)) for n, team in enumerate(TEAMS)},
            **{f"{team}, retired": _chain(team, self.at, timedelta(days=-10)) for team in TEAMS},
            STRANGER: _chain(STRANGER, self.at, timedelta(days=700)),
        }
        self.artifacts: list[Artifact] = []
        self._lines: list[str] = []
        for number in range(repositories):
            count = artifacts // repositories + (number < artifacts % repositories)
            _RepositoryContent(self, number).fill(count)

    def write(self, path: Path) -> Path:
        """Writes the file that `GoRegistries.memory` begins with, and returns its path."""
        with path.open("w") as file:
            file.writelines(self._lines)
        return path

    def home(self, folder: Path) -> Home:
        """Settings under which the teams' signatures are trusted, at the level strict."""
        home = Home(folder)
        home.set_policy(policy_document(["*"]))
        for signer, chain in self.signers.items():
            if signer != STRANGER:
                home.trust(chain)
        return home

    def references(self, host: str) -> list[str]:
        """References of all artifacts by digest, at a registry's host."""
        return [f"{host}/{artifact.repository}@{artifact.digest}" for artifact in self.artifacts]

    def add(self, repository: str, content: bytes, media_type: str = "", tag: str = "") -> dict[str, Any]:
        """Adds a manifest, or a blob where there is no media type, and returns its descriptor."""
        encoded = base64.b64encode(content).decode()
        line = {"repository": repository, "tag": tag, "mediaType": media_type, "content": encoded}
        self._lines.append(json.dumps(line) + "\n")
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return {"mediaType": media_type or _EMPTY_TYPE, "digest": digest, "size": len(content)}


class _RepositoryContent:
    def __init__(self, content: RegistryContent, number: int) -> None:
        self._content = content
        self._number = number
        self._team = TEAMS[number % len(TEAMS)]
        self._other = TEAMS[(number + 1) % len(TEAMS)]
        self._name = f"{self._team}/app-{number:03}"
        self._empty = content.add(self._name, _EMPTY)

    def fill(self, count: int) -> None:
        """Adds so many artifacts; indexes with the manifests under them where those fit."""
        for place in range(count):
            if count <= 0:
                return
            kind = _ORDER[(self._number + place) % len(_ORDER)]
            if kind == "index" and count > len(PLATFORMS):
                self._add_index(f"v{place}")
                count -= 1 + len(PLATFORMS)
            else:
                tag = f"v{place}"
                self._record(self._manifest(tag, tag), tag, "signed" if kind == "index" else kind)
                count -= 1

    def _add_index(self, tag: str) -> None:
        manifests = []
        for architecture in PLATFORMS:
            config = json.dumps({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers"}}).encode()
            described = {**self._content.add(self._name, config), "mediaType": _CONFIG_TYPE}
            manifest = self._manifest(f"{tag} for {architecture}", "", described)
            manifests.append({**manifest, "platform": {"os": "linux", "architecture": architecture}})
        members = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests, "annotations": {"tag": tag}}
        index = self._content.add(self._name, json.dumps(members).encode(), INDEX_TYPE, tag)
        self._record(index, tag, "index")
        signed, unsigned = manifests
        self._record(signed, "", "signed", parent=index["digest"])
        self._record(unsigned, "", "unsigned", parent=index["digest"])

    def _manifest(self, title: str, tag: str, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
        members = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            **({} if config else {"artifactType": "application/vnd.example.thing"}),
            "config": config or self._empty,
            "layers": [self._empty],
            "annotations": {"org.opencontainers.image.title": f"{self._name} {title}"},
        }
        return self._content.add(self._name, json.dumps(members).encode(), MANIFEST_TYPE, tag)

    def _record(self, descriptor: Mapping[str, Any], tag: str, kind: Kind, parent: str = "") -> None:
        signers = self._sign(descriptor, kind)
        verdict: Verdict = "unsigned" if kind == "unsigned" else "verified" if kind in _VERIFIED else "failed"
        digest = Digest(descriptor["digest"])
        self._content.artifacts.append(Artifact(self._name, digest, tag, parent, kind, signers, verdict))

    def _sign(self, descriptor: Mapping[str, Any], kind: Kind) -> tuple[str, ...]:
        """Signs an artifact as its kind prescribes, and returns the signers."""
        day = timedelta(days=1)
        plans: Mapping[Kind, Sequence[tuple[str, timedelta, timedelta | None]]] = {
            "index": [(self._team, day, None)],
            "signed": [(self._team, day, None)],
            "ending": [(self._team, 10 * day, 10 * day + timedelta(days=5 + self._number % 80))],
            "expired": [(self._team, 60 * day, 30 * day)],
            "retired": [(f"{self._team}, retired", 100 * day, None)],
            "twice": [(self._team, 20 * day, 300 * day), (self._other, day, None)],
            "disputed": [(STRANGER, day, None), (self._team, 2 * day, None)],
            "stranger": [(STRANGER, day, None)],
            "unsigned": [],
        }
        for signer, age, expires_in in plans[kind]:
            self._attach(descriptor, signer, self._content.at - age, expires_in)
        return tuple(signer for signer, *_ in plans[kind])

    def _attach(self, descriptor: Mapping[str, Any], signer: str, at: datetime, expires_in: timedelta | None) -> None:
        subject = {member: descriptor[member] for member in ("mediaType", "digest", "size")}
        payload = json.dumps({"targetArtifact": subject}, separators=(",", ":")).encode()
        media_type = (JWS, COSE)[len(self._content.artifacts) % 2]
        chain = self._content.signers[signer]
        envelope = sign_envelope(chain, media_type, payload, now=at, expires_in=expires_in)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": SIGNATURE_TYPE,
            "config": self._empty,
            "layers": [{**self._content.add(self._name, envelope), "mediaType": media_type}],
            "subject": subject,
            "annotations": {
                "io.cncf.notary.x509chain.thumbprint#S256": _thumbprints(chain.ders),
                "org.opencontainers.image.created": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            },
        }
        self._content.add(self._name, json.dumps(manifest).encode(), MANIFEST_TYPE)


def _chain(team: str, at: datetime, lifetime: timedelta) -> TestChain:
    """A chain of three with a root of its own; `lifetime` is the leaf's from the given time on."""
    leaf, ca, root = (name(f"{team} {role}", OU=team) for role in ("release", "CA", "Root"))
    return make_chain(
        subject=leaf,
        leaf=Changes(not_after=at + lifetime),
        cas={1: Changes(subject=ca), 2: Changes(subject=root)},
        not_before=at - timedelta(days=400),
        not_after=at + timedelta(days=3000),
    )


@functools.cache
def _thumbprints(ders: tuple[bytes, ...]) -> str:
    return json.dumps([hashlib.sha256(der).hexdigest() for der in ders])
