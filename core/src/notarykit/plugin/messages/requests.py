"""The request of each command."""

from notarykit.plugin.messages.fields import Command
from notarykit.plugin.messages.signing import DescribeKeyRequest, GenerateEnvelopeRequest, GenerateSignatureRequest
from notarykit.plugin.messages.verifying import VerifySignatureRequest

Request = DescribeKeyRequest | GenerateSignatureRequest | GenerateEnvelopeRequest | VerifySignatureRequest

REQUESTS: dict[Command, type[Request]] = {
    Command.DESCRIBE_KEY: DescribeKeyRequest,
    Command.GENERATE_SIGNATURE: GenerateSignatureRequest,
    Command.GENERATE_ENVELOPE: GenerateEnvelopeRequest,
    Command.VERIFY_SIGNATURE: VerifySignatureRequest,
}
