"""Signatures that need a verification plugin, and plugins on the Go framework that verify them: here, and in Go."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import (
    AuthenticityError,
    ExtendedValidationError,
    NoAcceptedSignatureError,
    NotarykitError,
    RevocationError,
)
from notarykit.oci.layout import ImageLayout
from notarykit.plugin.host import retry
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verdict import Audited, Skipped, Step, Verified
from notarykit.verification.verifier import Verifier
from tests.interop import go_plugin
from tests.interop.go_peer import Peer
from tests.interop.go_user import GoUser
from tests.interop.plugin_scene import REVOCATION_CHECK, TRUSTED_IDENTITY, push_needing
from tests.interop.scene import METADATA
from tests.support.ca import Changes, TestChain, make_chain, ocsp_at
from tests.support.envelopes import FORMATS, JWS
from tests.support.homes import OTHER_IDENTITY, SCOPE, policy_document

CRITICAL = "com.example.region"
METADATA_RUN, VERIFY_RUN = "get-plugin-metadata", "verify-signature"
BOTH_RUNS = (METADATA_RUN, VERIFY_RUN)
NEWER = "1.2.4"
REASON = "the configuration says that this check fails"


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The signer's chain."""
    return make_chain()


@pytest.fixture
def user(
    go_plugins: Path,
    chain: TestChain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> GoUser:
    """A user who trusts the signer."""
    return GoUser(tmp_path, chain, go_plugins, monkeypatch, capsys)


@dataclass(frozen=True)
class Case:
    """A signature that needs a plugin, how it is verified, and what comes of it.

    Attributes:
        what: What it is about.
        plugin: The plugin that the signature names.
        minimum: The lowest version that it names.
        critical: Its critical attributes besides.
        other: Its attributes that are not critical.
        policy: How the trust policy differs.
        config: The settings for the plugin.
        ends: The verdict here, or the failure.
        failed: The steps that failed and were let pass.
        runs: The plugin's runs here.
        go: Whether the Go side accepts it; as here, where nothing is said.
    """

    what: str
    plugin: str = "go-verify"
    minimum: str = ""
    critical: Mapping[str, Any] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    ends: type[Verified | Audited | Skipped | NotarykitError] = Verified
    failed: tuple[Step, ...] = ()
    runs: tuple[str, ...] = BOTH_RUNS
    go: bool | None = None

    @property
    def go_accepts(self) -> bool:
        """Whether the Go side accepts it."""
        return not issubclass(self.ends, NotarykitError) if self.go is None else self.go


STRANGER: Mapping[str, Any] = {"identities": [OTHER_IDENTITY]}
NO_REVOCATION: Mapping[str, Any] = {"override": {"revocation": "skip"}}
REFUSE_IDENTITY, REFUSE_REVOCATION = {"refuse": TRUSTED_IDENTITY}, {"refuse": REVOCATION_CHECK}
ATTRIBUTES = {CRITICAL: "eu", "com.example.other": "ü"}
CASES = [
    *(Case(f"accepted by {name}", name) for name in ("go-verify", "go-identity", "go-revocation", "go-all")),
    Case("critical attributes", critical=ATTRIBUTES),
    Case("attributes for a plugin of one check", "go-identity", critical=ATTRIBUTES),
    Case("the plugin knows another identity", policy=STRANGER),
    Case("identity is not the plugin's", "go-revocation", policy=STRANGER, ends=AuthenticityError,
         runs=(METADATA_RUN,)),
    Case("same version", minimum=go_plugin.VERSION),
    Case("older version", minimum="1.2.3-rc.1"),
    Case("newer version", minimum=NEWER, ends=ExtendedValidationError, runs=(METADATA_RUN,)),
    # Refused checks
    Case("identity refused", config=REFUSE_IDENTITY, ends=AuthenticityError),
    Case("identity refused, audit", policy={"level": "audit"}, config=REFUSE_IDENTITY, ends=Audited,
         failed=(Step.AUTHENTICITY,)),
    Case("revocation refused", config=REFUSE_REVOCATION, ends=RevocationError),
    Case("revocation refused by go-revocation", "go-revocation", config=REFUSE_REVOCATION, ends=RevocationError),
    *(Case(f"revocation refused, {level}", policy={"level": level}, config=REFUSE_REVOCATION,
           failed=(Step.REVOCATION,)) for level in ("permissive", "audit")),
    Case("revocation refused, skip", policy=NO_REVOCATION, config=REFUSE_REVOCATION),
    Case("nothing left to ask", "go-revocation", policy=NO_REVOCATION, config=REFUSE_REVOCATION, runs=(METADATA_RUN,)),
    # Attributes that are left
    Case("ignored attribute", critical=ATTRIBUTES, config={"ignore": CRITICAL}, ends=ExtendedValidationError),
    Case("ignored attribute, audit", critical=ATTRIBUTES, config={"ignore": CRITICAL}, policy={"level": "audit"},
         ends=ExtendedValidationError),
    Case("not critical, ignored", other=ATTRIBUTES, config={"ignore": CRITICAL}, go=False),  # for Go all are critical
    # Failures
    Case("access denied", config={"fail": "ACCESS_DENIED"}, ends=ExtendedValidationError),
    Case("access denied, audit", config={"fail": "ACCESS_DENIED"}, policy={"level": "audit"},
         ends=ExtendedValidationError),
    Case("throttled", config={"fail": "THROTTLED"}, ends=ExtendedValidationError,
         runs=(METADATA_RUN, *(VERIFY_RUN,) * retry.ATTEMPTS)),
    Case("a plugin that does not verify", "go-raw", ends=ExtendedValidationError, runs=(METADATA_RUN,)),
    Case("a plugin that is not there", "go-none", ends=ExtendedValidationError, runs=()),
    Case("a name that leads elsewhere", "../plugins/go-verify", ends=ExtendedValidationError, runs=()),
    Case("no verification", policy={"level": "skip", "scopes": [SCOPE]}, ends=Skipped, runs=()),
]  # fmt: skip


def _ask_us(who: GoUser, policy: Mapping[str, Any], config: Mapping[str, str]) -> VerifiedArtifact | NotarykitError:
    """The answer of this side: what it found, or why the only signature was refused."""
    try:
        verifier = Verifier(
            parse_policy_document(json.dumps(policy).encode()),
            DirectoryTrustStore(str(who.home.folder / "truststore")),
            plugin_config=config,
        )
        request = ArtifactRequest(lambda: ImageLayout(who.layout.path), who.layout.digest, SCOPE)
        return verifier.artifact(request, user_metadata=METADATA)
    except NoAcceptedSignatureError as refused:
        ((_, error),) = refused.failures
        return error


def _ask_go(peer: Peer, who: GoUser, policy: Mapping[str, Any], config: Mapping[str, str]) -> dict[str, Any]:
    """The answer of the Go side with the same plugins."""
    return peer.ask(
        "verify-with-plugins",
        folder=str(who.plugins),
        layout=who.layout.path,
        digest=who.layout.digest,
        scope=SCOPE,
        policy=policy,
        trustStore=str(who.home.folder),
        pluginConfig=config,
    )


@pytest.mark.requirement("plugin:verifier-formats")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=lambda each: each.what)
def test_the_verdict(peer: Peer, user: GoUser, runs: list[str], case: Case, media_type: str) -> None:
    """The plugin is asked what it is there for and no more, its answer counts as the policy says, and Go agrees."""
    push_needing(
        user.layout,
        user.chain,
        media_type,
        case.plugin,
        minimum=case.minimum,
        critical=case.critical,
        other=case.other,
    )
    policy = policy_document(**case.policy)
    found = _ask_us(user, policy, case.config)
    # Where the metadata rules the plugin out, it may be asked for by each step that would use the plugin.
    assert tuple(each for place, each in enumerate(runs) if each != METADATA_RUN or not place) == case.runs
    end = found.verdict if isinstance(found, VerifiedArtifact) else found
    assert type(end) is case.ends, end
    if isinstance(end, Verified | Audited):
        assert tuple(each.step for each in end.results if each.outcome == "failed") == case.failed
    answer = _ask_go(peer, user, policy, case.config)
    assert answer["ok"] == case.go_accepts, answer


@pytest.mark.parametrize("level", ["strict", "permissive", "audit"])
@pytest.mark.parametrize("plugin", ["go-verify", "go-revocation"])
def test_no_plugin_is_run_for_a_stranger(user: GoUser, runs: list[str], plugin: str, level: str) -> None:
    """A signature whose root is not trusted runs nothing on this machine, and is refused at every level."""
    push_needing(user.layout, make_chain(), JWS, plugin)
    found = _ask_us(user, policy_document(level=level), {})
    assert runs == []
    assert type(found) is (ExtendedValidationError if level == "audit" else AuthenticityError)


def test_a_check_of_revocation_that_only_the_plugin_can_make(user: GoUser, tmp_path: Path, runs: list[str]) -> None:
    """A certificate that names an OCSP responder is accepted where the plugin checks revocation, and only there."""
    chain = make_chain(leaf=Changes(put=(ocsp_at("http://ocsp.example.com"),)))
    user.home.trust(chain)
    push_needing(user.layout, chain, JWS, "go-revocation")
    found = _ask_us(user, policy_document(), {})
    assert isinstance(found, VerifiedArtifact)
    assert isinstance(found.verdict, Verified)
    assert runs == list(BOTH_RUNS)
    assert isinstance(_ask_us(user, policy_document(), REFUSE_REVOCATION), RevocationError)


def test_a_request_without_a_check_is_none_for_the_framework(peer: Peer, user: GoUser, runs: list[str]) -> None:
    """A critical attribute is for the plugin even if the policy skips its only check; the framework refuses that.

    The Go side does not ask in this case, and takes the attribute for processed.
    """
    push_needing(user.layout, user.chain, JWS, "go-revocation", critical=ATTRIBUTES)
    policy = policy_document(**NO_REVOCATION)
    found = _ask_us(user, policy, {})
    assert isinstance(found, ExtendedValidationError)
    assert runs == list(BOTH_RUNS)
    assert _ask_go(peer, user, policy, {})["ok"]


def test_the_command_line_verifies(user: GoUser) -> None:
    """The command line hands its settings to the plugin, and shows the plugin's reason."""
    push_needing(user.layout, user.chain, JWS, "go-verify", critical=ATTRIBUTES)
    user.home.set_policy(policy_document([OTHER_IDENTITY]))
    assert user.reference.partition("@")[2] in user.verify()
    refused = user.refused(
        1, "verify", "--oci-layout", "--scope", SCOPE, "--plugin-config", f"refuse={TRUSTED_IDENTITY}", user.reference
    )
    assert REASON in refused
    assert "go-verify" in refused
    refused = user.refused(
        1, "verify", "--oci-layout", "--scope", SCOPE, "--plugin-config", f"ignore={CRITICAL}", user.reference
    )
    assert CRITICAL in refused
