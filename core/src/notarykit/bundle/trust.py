"""Proposal of trust in a bundle: the statements of a trust policy that apply to its artifacts, and their trust stores.

It counts for nothing by itself. A verifier takes it only by its digest, which was told by another way than the bundle.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import NamedTuple

from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.bundle.contents import TRUST_TYPE
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import ConfigurationError, ContentError
from notarykit.trust.export import statement_json
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import MemoryTrustStore, TrustStore

LARGEST_PROPOSAL = 16 * 1024 * 1024


class TrustProposal(NamedTuple):
    """Trust policy and trust stores that the maker of a bundle has verified it with.

    Attributes:
        policies: The policy's statements.
        stores: Certificates in DER of each trust store that they name, by `type:name`, in a fixed order.
        document: The two as a document.
    """

    policies: TrustPolicyDocument
    stores: Mapping[str, tuple[bytes, ...]]
    document: bytes

    @property
    def descriptor(self) -> Descriptor:
        """Descriptor of the document."""
        return Descriptor(TRUST_TYPE, digest_of(self.document), len(self.document))

    @property
    def store(self) -> TrustStore:
        """The trust stores, for a verifier."""
        return MemoryTrustStore(self.stores)

    @classmethod
    def make(cls, policies: TrustPolicyDocument, store: TrustStore) -> "TrustProposal":
        """Makes a proposal of statements and of the trust stores that they name.

        Raises:
            TrustStoreError: A trust store cannot be read.
        """
        references = sorted({reference for policy in policies.policies for reference in policy.stores})
        stores = {str(reference): tuple(sorted(store.certificates(reference))) for reference in references}
        document = {
            "trustPolicy": {
                "version": policies.version,
                "trustPolicies": [statement_json(policy) for policy in policies.policies],
            },
            "trustStores": {name: [b64encode(der).decode("ascii") for der in ders] for name, ders in stores.items()},
        }
        return cls(policies, stores, dumps(document))

    @classmethod
    def parse(cls, document: bytes) -> "TrustProposal":
        """Reads a proposal.

        Raises:
            ContentError: It is malformed, or not in the one form that it has.
        """
        try:
            members = Members(loads(document), "trust proposal")
            members.only("trustPolicy", "trustStores")
            policies = parse_policy_document(dumps(members.object("trustPolicy").value), "its trust policy")
            described = members.object("trustStores")
            ders = {name: tuple(map(_decoded, described.texts(name))) for name in described.value}
            proposal = cls.make(policies, MemoryTrustStore(ders))
        except (ConfigurationError, DocumentError, ValueError) as error:
            raise ContentError(f"the trust proposal is malformed: {error}") from None
        if proposal.document != document:
            raise ContentError("the trust proposal is not in the form in which it is written")
        return proposal


def _decoded(text: str) -> bytes:
    return b64decode(text, validate=True)
