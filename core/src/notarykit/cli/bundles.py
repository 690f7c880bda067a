"""Bundles at the command line: the argument, the trust that counts, and what a bundle contains."""

from typing import TYPE_CHECKING, Any

from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit.cli.options import Arguments, Flag, Options
from notarykit.cli.output import Node
from notarykit.cli.policies.source import POLICY_FLAG, load
from notarykit.cli.verifiers import trust_stores
from notarykit.config.policy import ARTIFACT_POLICY
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.verification.verifier import Verifier

if TYPE_CHECKING:
    from notarykit.bundle.bundle import SignatureBundle
    from notarykit.bundle.contents import BundledArtifact, EvidencePart

BUNDLE = Arguments(1, 1, "missing path of the bundle")
TRUST_FLAGS = (
    POLICY_FLAG,
    Flag(
        "trust-from-bundle",
        "digest of the trust policy and trust stores in the bundle, told by another way; they are used then",
    ),
)
FOR_FLAG = Flag(
    "for", "registry[/prefix] of the other side, by whose names of repositories policy statements are chosen"
)
PLUGIN_CONFIG_FLAG = Flag(
    "plugin-config", "{key}={value} pair that is passed as it is to a verification plugin", "texts"
)


def policy_of(options: Options) -> TrustPolicyDocument:
    """Returns the trust policy that `--policy` names, or the configured one.

    Raises:
        UsageError: The file cannot be read.
        TrustPolicyError: The trust policy is absent or malformed.
    """
    _, document = load(ARTIFACT_POLICY, options["policy"])
    return document


def verifier_for(options: Options, bundle: "SignatureBundle") -> Verifier:
    """Returns the verifier for a bundle: by the user's trust, or by the bundle's if the user names its digest.

    Raises:
        UsageError: The flags do not go together, or a file cannot be read.
        ConfigurationError: The trust policy or a trust store cannot be used, or the digest is another.
    """
    options.exclusive("policy", "trust-from-bundle")
    digest = options.text("trust-from-bundle")
    if digest is None:
        return Verifier(policy_of(options), trust_stores())
    trust = bundle.trusted(digest)
    return Verifier(trust.policies, trust.store)


def scope_of(options: Options, artifact: "BundledArtifact") -> str:
    """Returns the scope that selects the policy statement: the artifact's repository, by its name there under `--for`.

    Raises:
        UsageError: The flag is malformed or empty.
    """
    from notarykit.bundle.verification import scope_in

    destination = options.text("for")
    return artifact.repository if destination is None else scope_in(artifact.repository, destination)


def description(bundle: "SignatureBundle") -> dict[str, Any]:
    """Returns the members of JSON output that describe a bundle; nothing in them was verified."""
    members: dict[str, Any] = {
        "digest": bundle.digest,
        "content": str(bundle.contents.content),
        "artifacts": [
            {"reference": artifact.reference, **artifact.to_json()} for artifact in bundle.contents.artifacts
        ],
        "evidence": [_evidence(bundle, part) for part in _by_end(bundle)],
        "trust": _trust(bundle),
    }
    return members if bundle.ends is None else {**members, "ends": format_rfc3339(bundle.ends)}


def _by_end(bundle: "SignatureBundle") -> "list[EvidencePart]":
    return sorted(bundle.contents.evidence, key=lambda part: part.until)


def _evidence(bundle: "SignatureBundle", part: "EvidencePart") -> dict[str, Any]:
    from notarykit.bundle.evidence import about

    return {
        "kind": part.kind,
        "digest": part.descriptor.digest,
        "size": part.descriptor.size,
        "about": about(part.kind, bundle.evidence_der(part)),
        "url": part.url,
        "since": format_rfc3339(part.since),
        "until": format_rfc3339(part.until),
    }


def _trust(bundle: "SignatureBundle") -> dict[str, Any]:
    from notarykit.cli.signature_description import describe_certificate

    trust = bundle.trust
    return {
        "digest": trust.descriptor.digest,
        "policies": [
            {
                "name": policy.name,
                "level": policy.level.name,
                "scopes": list(policy.scopes),
                "identities": list(policy.identities),
            }
            for policy in trust.policies.policies
        ],
        "stores": {name: list(map(describe_certificate, ders)) for name, ders in trust.stores.items()},
    }


def summary(bundle: "SignatureBundle", path: str) -> list[str]:
    """Returns the lines that are printed of a bundle that was written."""
    contents = bundle.contents
    counts = (
        count(len(contents.artifacts), "artifact"),
        count(len(contents.signatures), "signature"),
        count(len(contents.evidence), "piece", "of revocation evidence"),
    )
    lines = [f"{path}: {', '.join(counts)}"]
    if contents.evidence:
        first = _by_end(bundle)[0]
        lines.append(f"All evidence holds until {format_rfc3339(first.until)}; the first to end is from {first.url}")
    lines.append(f"Trust policy and trust stores in it: {contents.trust.digest}")
    return lines


def count(number: int, noun: str, more: str = "") -> str:
    """Returns a number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'} {more}".rstrip()


def nodes(bundle: "SignatureBundle") -> Node:
    """Returns what a bundle contains, for a tree."""
    described = description(bundle)
    ended = {part.descriptor.digest for part in bundle.ended(utc_now())}
    evidence: list[Node] = [
        (
            f"{part['until']}{' (ended)' if part['digest'] in ended else ''}: {part['kind']} of {part['about']}",
            [(f"from {part['url']}", [])],
        )
        for part in described["evidence"]
    ]
    trust = described["trust"]
    policies: list[Node] = [
        (
            f"policy {policy['name']}: {policy['level']}, {', '.join(policy['scopes'])}",
            [(f"trusted identity: {identity}", []) for identity in policy["identities"]],
        )
        for policy in trust["policies"]
    ]
    stores: list[Node] = [
        (
            f"store {name}",
            [
                (
                    f"{each['issuedTo']}, until {each['expiry']}",
                    [(f"SHA256 fingerprint: {each['SHA256Fingerprint']}", [])],
                )
                for each in certificates
            ],
        )
        for name, certificates in trust["stores"].items()
    ]
    return (
        bundle.name,
        [
            (f"manifest: {described['digest']}", []),
            (f"content of artifacts: {described['content']}", []),
            ("artifacts", [_artifact_node(artifact) for artifact in described["artifacts"]]),
            ("revocation evidence, by its end", evidence or [("(none)", [])]),
            (f"trust, if --trust-from-bundle {trust['digest']}", [*policies, *stores]),
        ],
    )


def _artifact_node(artifact: dict[str, Any]) -> Node:
    facts = [f"{name}: {artifact[name]}" for name in ("tag", "platform", "index") if name in artifact]
    signatures = [f"signature: {signature['digest']}" for signature in artifact["signatures"]]
    return artifact["reference"], [(text, []) for text in (*facts, *(signatures or ["(no signature)"]))]
