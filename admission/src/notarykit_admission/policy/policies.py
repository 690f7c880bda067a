"""Trust policies, trust stores and rules out of a folder's files: whole, or not at all.

The folder is laid out as notation's own: trust policy documents at its top, trust stores at
`truststore/x509/TYPE/NAME`. `rules.json`, beside the policies, is for namespaces; without it every namespace has
`trustpolicy.oci.json`, or else `trustpolicy.json`, enforced.
"""

import hashlib
import warnings
from collections.abc import Mapping
from typing import NamedTuple

import notarykit
from notarykit import MemoryTrustStore, TrustPolicyDocument, Verifier
from notarykit.errors import ConfigurationError, ConfigurationWarning, TrustStoreError
from notarykit_admission.policy.rules import DEFAULT_RULE, Rule, Rules, parse_rules

RULES_FILE = "rules.json"
# notation 1.3 and later; the older name is that of DEFAULT_RULE.
_NEWER_POLICY = "trustpolicy.oci.json"
_STORES = "truststore/x509/"
# Trust store specification: "Following certificate formats are supported - Files with extension .pem, .crt and .cer".
_CERTIFICATES = (".pem", ".crt", ".cer")
_DEEPEST_STORE = 2  # its type and its name


def counts(path: str) -> bool:
    """Tells whether a file or folder can decide anything, by its path relative to the policy folder.

    The folder may be the whole of a user's settings, with private keys, plugins and caches in it.
    """
    match path.split("/"):
        case [name]:
            return name == "truststore" or name.endswith(".json")
        case ["truststore", "x509", _, _, name]:
            return name.endswith(_CERTIFICATES)
        case ["truststore", "x509", *below]:
            return len(below) <= _DEEPEST_STORE
    return False


class LoadedPolicy(NamedTuple):
    """Trust policy and trust stores, read as a whole.

    Attributes:
        identity: Digest of everything that was read, so that what is known under other content does not count.
        verifier: Verifier with the policy and its trust stores in memory.
    """

    identity: str
    verifier: Verifier


class NamespacePolicy(NamedTuple):
    """What counts in a namespace.

    Attributes:
        rule: Its rule.
        trust_policy: The trust policy that the rule names.
    """

    rule: Rule
    trust_policy: LoadedPolicy


class Policies(NamedTuple):
    """Everything that decides which images are admitted, of one state of the folder.

    Attributes:
        identity: Digest of the files.
        rules: Rules of namespaces.
        loaded: Trust policies that the rules name, by the name of the file.
    """

    identity: str
    rules: Rules
    loaded: Mapping[str, LoadedPolicy]

    def of(self, namespace: str) -> NamespacePolicy:
        """Returns what counts in a namespace."""
        rule = self.rules.of(namespace)
        return NamespacePolicy(rule, self.loaded[rule.policy])


def identity_of(files: Mapping[str, bytes]) -> str:
    """Returns a digest of all files, by their names and contents."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest())
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def load_policies(files: Mapping[str, bytes]) -> Policies:
    """Returns what the files say.

    Args:
        files: Contents by path, relative to the folder.

    Raises:
        ConfigurationError: A file is malformed, one that is named is missing, or a trust store that a policy names
            has no certificates.
    """
    usual = DEFAULT_RULE._replace(policy=_NEWER_POLICY) if _NEWER_POLICY in files else DEFAULT_RULE
    rules = parse_rules(files[RULES_FILE], RULES_FILE, usual) if RULES_FILE in files else Rules(usual, {})
    _warn_of_unused(files, rules)
    documents = {name: _document(files, name) for name in sorted(rules.policies)}
    store = _store(files)
    for document in documents.values():
        for reference in {reference for policy in document.policies for reference in policy.stores}:
            try:
                store.certificates(reference)
            except TrustStoreError as error:
                raise error.replace(advice=f"put its root into {_STORES}{reference.type}/{reference.name}") from None
    identity = identity_of(files)
    loaded = {
        name: LoadedPolicy(f"{identity} {name}", Verifier(document, store)) for name, document in documents.items()
    }
    return Policies(identity, rules, loaded)


def _warn_of_unused(files: Mapping[str, bytes], rules: Rules) -> None:
    """Warns of a policy that counts for notation before it has the newer name's, and never beside it."""
    older = DEFAULT_RULE.policy
    if older in files and _NEWER_POLICY in rules.policies and older not in rules.policies:
        warnings.warn(f"{_NEWER_POLICY} is used and {older} is not: keep one", ConfigurationWarning, stacklevel=3)


def _document(files: Mapping[str, bytes], name: str) -> TrustPolicyDocument:
    if name not in files:
        raise ConfigurationError(f"the policy folder has no file {name}")
    return notarykit.parse_policy_document(files[name], f"trust policy {name}")


def _store(files: Mapping[str, bytes]) -> MemoryTrustStore:
    stores = _stores(files)
    try:
        return MemoryTrustStore({store: found.values() for store, found in stores.items()})
    except ConfigurationError:
        for store, found in stores.items():
            for path, content in found.items():
                _check_alone(path, store, content)
        raise


def _check_alone(path: str, store: str, content: bytes) -> None:
    """Checks a file of a store, whose error names the store alone."""
    try:
        MemoryTrustStore({store: [content]})
    except ConfigurationError as error:
        raise TrustStoreError(f"{path}: {error.message}", advice=error.advice) from None


def _stores(files: Mapping[str, bytes]) -> Mapping[str, Mapping[str, bytes]]:
    """Returns the certificate files of each store by their paths, by `type:name`."""
    stores: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        kind, _, rest = path.removeprefix(_STORES).partition("/")
        name, _, file = rest.partition("/")
        # "sub directory is ignored", and so are files of other extensions (trust store specification).
        if path.startswith(_STORES) and "/" not in file and file.endswith(_CERTIFICATES):
            stores.setdefault(f"{kind}:{name}", {})[path] = content
    return stores
