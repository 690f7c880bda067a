"""The request of each command."""

from notarykit.plugin.protocol.fields import Command
from notarykit.plugin.protocol.signing import DescribeKeyRequest, GenerateEnvelopeRequest, GenerateSignatureRequest
from notarykit.plugin.protocol.verification import VerifySignatureRequest

Request = DescribeKeyRequest | GenerateSignatureRequest | GenerateEnvelopeRequest | VerifySignatureRequest

REQUESTS: dict[Command, type[Request]] = {
    Command.DESCRIBE_KEY: DescribeKeyRequest,
    Command.GENERATE_SIGNATURE: GenerateSignatureRequest,
    Command.GENERATE_ENVELOPE: GenerateEnvelopeRequest,
    Command.VERIFY_SIGNATURE: VerifySignatureRequest,
}
