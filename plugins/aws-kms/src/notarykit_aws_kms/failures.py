"""What goes wrong with the SDK and the service, as the protocol's errors, with what to do about it.

Nothing of an error is shown unless it is known to hold no secret: of answers the text for a few codes, of exceptions
nothing. "The request signature we calculated does not match" quotes the request, and with it the session token.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from notarykit import plugin
from notarykit_aws_kms.reasons import CONFIGURATION, CONNECTION, LOG_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from notarykit_aws_kms.addresses import Address

SERVICE_ERROR = "serviceError"
"""The member of an error's metadata with the code that the service gave."""

HAS_NO_PUBLIC_KEY = "UnsupportedOperationException"
"""The service's code for asking a symmetric key for its public key."""


class _Kind(NamedTuple):
    """What an error becomes: its class, what is said and what to do."""

    error: type[plugin.PluginError]
    message: str
    advice: str


_LOG_IN = "log in again ('aws sso login', 'aws login', or new keys in the environment or the profile)"
_PERMIT = "allow kms:GetPublicKey and kms:Sign on the key, by IAM or its key policy; for another account's key, by both"
_LATER = "try again later"
_CLOCK = "set the clock of this machine: AWS takes five minutes of difference at most"
_KEYS = "check that the access key, the secret key and the session token belong together and to this partition of AWS"

_DENIED = _Kind(plugin.PluginAccessDeniedError, "AWS KMS does not permit this on {key}: {text}", _PERMIT)
_THROTTLED = _Kind(plugin.PluginThrottledError, "AWS KMS asks for fewer requests: {code}", _LATER)
_EXPIRED = _Kind(plugin.PluginAccessDeniedError, "the AWS credentials have expired", _LOG_IN)
_UNKNOWN = _Kind(plugin.PluginAccessDeniedError, "AWS does not know the credentials: {code}", _KEYS)
_MISSIGNED = _Kind(plugin.PluginAccessDeniedError, "AWS does not accept the request's signature: {code}", _KEYS)
_SKEWED = _Kind(plugin.PluginAccessDeniedError, "the clock of this machine is not that of AWS: {code}", _CLOCK)
_UNUSABLE = _Kind(
    plugin.PluginError, "the key {key} cannot be used: {text}", "enable the key, or sign with another one"
)
_FAILED = _Kind(plugin.PluginError, "AWS KMS failed: {code}", _LATER)
_MALFORMED = _Kind(plugin.PluginValidationError, "AWS KMS refuses the request: {text}", "check the key id")

_BY_CODE: Mapping[str, _Kind] = {
    "NotFoundException": _Kind(
        plugin.PluginValidationError,
        "there is no key {key} here: {text}",
        "check the id, the region and whose credentials these are: an id that is no ARN is looked for in their account",
    ),
    "InvalidArnException": _MALFORMED,
    "ValidationException": _MALFORMED,
    "AccessDeniedException": _DENIED,
    "AccessDenied": _DENIED,
    "OptInRequired": _DENIED,
    "DisabledException": _UNUSABLE,
    "KMSInvalidStateException": _UNUSABLE,
    "InvalidKeyUsageException": _Kind(
        plugin.PluginValidationError, "the key {key} does not sign: {text}", "use a key whose usage is SIGN_VERIFY"
    ),
    HAS_NO_PUBLIC_KEY: _Kind(
        plugin.PluginValidationError,
        "the key {key} is symmetric, an HMAC key or another one without a public key",
        "use an asymmetric key whose usage is SIGN_VERIFY",
    ),
    "InvalidGrantTokenException": _Kind(
        plugin.PluginAccessDeniedError, "a grant token is not valid", "leave out grant_tokens: grants work without soon"
    ),
    **dict.fromkeys(
        (
            "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "SlowDown",
            "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded", "LimitExceededException", "429",
        ),
        _THROTTLED,
    ),
    "KeyUnavailableException": _Kind(plugin.PluginError, "the key {key} is not available at present", _LATER),
    "DependencyTimeoutException": _Kind(plugin.PluginTimeoutError, "AWS KMS timed out within itself", _LATER),
    "RequestTimeout": _Kind(plugin.PluginTimeoutError, "AWS KMS waited too long for the request", _LATER),
    "UnrecognizedClientException": _UNKNOWN,
    "InvalidClientTokenId": _UNKNOWN,
    "InvalidAccessKeyId": _UNKNOWN,
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "InvalidSignatureException": _MISSIGNED,
    "SignatureDoesNotMatch": _MISSIGNED,
    "IncompleteSignature": _MISSIGNED,
    "MissingAuthenticationToken": _MISSIGNED,
    "RequestTimeTooSkewed": _SKEWED,
    "RequestExpired": _SKEWED,
}  # fmt: skip

_ROLE = _Kind(
    plugin.PluginAccessDeniedError,
    "AWS does not permit to log in like this: {text}",
    "allow sts:AssumeRole in the role's trust policy and to the user, and check the role in the profile",
)
_LOG_IN_REFUSED = _Kind(plugin.PluginAccessDeniedError, "logging in to AWS failed: {code}", _LOG_IN)
_LOG_IN_FAILED = _LOG_IN_REFUSED._replace(message="logging in to AWS failed: {reason}")
_NO_CREDENTIALS = _Kind(
    plugin.PluginAccessDeniedError,
    "no AWS credentials were found",
    "log in ('aws sso login' or 'aws configure'), name a profile with profile=NAME, or set $AWS_PROFILE",
)
_CONFIGURATION = _Kind(
    plugin.PluginValidationError,
    "the AWS configuration cannot be used: {reason}",
    "check ~/.aws/config, ~/.aws/credentials and $AWS_…; 'aws configure list' shows what they come to",
)
_UNREACHABLE = _Kind(
    plugin.PluginError,
    "{where} cannot be reached: {reason}",
    "check the region, the network and, where there is one, the proxy in $HTTPS_PROXY",
)
_TIMED_OUT = _Kind(plugin.PluginTimeoutError, "{where} did not answer in time", _UNREACHABLE.advice)

_BY_NAME: Mapping[str, _Kind] = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "NoAuthTokenError": _NO_CREDENTIALS,
    **dict.fromkeys(LOG_IN, _LOG_IN_FAILED),
    **dict.fromkeys(CONFIGURATION, _CONFIGURATION),
    **dict.fromkeys(CONNECTION, _UNREACHABLE),
    "NoRegionError": _Kind(
        plugin.PluginValidationError,
        "it is not known which region the key {key} is in",
        "give its ARN, set region=REGION in the plugin configuration, or $AWS_REGION",
    ),
    "ProfileNotFound": _Kind(
        plugin.PluginValidationError,
        "there is no profile {profile!r} in the AWS configuration",
        "check profile=NAME or $AWS_PROFILE; 'aws configure list-profiles' shows them",
    ),
    "ConnectTimeoutError": _TIMED_OUT,
    "ReadTimeoutError": _TIMED_OUT,
    "ProxyConnectionError": _Kind(
        plugin.PluginError,
        "the proxy in front of {where} cannot be reached or refuses",
        "check $HTTPS_PROXY and $NO_PROXY",
    ),
    "SSLError": _Kind(
        plugin.PluginError,
        "the certificate of {where} is not trusted, or it does not speak TLS",
        "name the file with your network's CA certificates in $AWS_CA_BUNDLE",
    ),
    "MissingDependencyException": _Kind(
        plugin.PluginError,
        "the AWS SDK lacks what this way of logging in needs",
        "pip install 'botocore[crt]'",
    ),
    "Exception": _Kind(
        plugin.PluginError,
        "the AWS SDK failed with {reason}",
        "see whether 'aws sts get-caller-identity' works here; if it does, report this",
    ),
}  # fmt: skip

_REASONS = {**LOG_IN, **CONFIGURATION, **CONNECTION}

_LONGEST_CODE, _LONGEST_TEXT = 64, 300
# Session tokens, which are long base64, and JSON web tokens; names in ARNs have no such parts.
_SECRETS = re.compile(r"[A-Za-z0-9+/=_-]{100,}|\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?")
_OPERATIONS = ("GetPublicKey", "Sign", "DescribeKey")


def late(address: Address) -> plugin.PluginError:
    """The protocol's error for a request, or a login before it, that had not come to an end in time."""
    return plugin.PluginTimeoutError(
        f"{_where(address)} or the login to it did not answer in time", advice="try again, or allow more time"
    )


def translated(error: Exception, address: Address, secrets: Sequence[str] = ()) -> plugin.PluginError:
    """The protocol's error for one of the SDK; the service's code and request id are in its metadata.

    Args:
        error: What the SDK raised.
        address: The key.
        secrets: What was sent and no message may show.
    """
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _refusal(response, str(getattr(error, "operation_name", "")), address, secrets)
    names = [kind.__name__ for kind in type(_cause(error)).__mro__]
    name = next((name for name in names if name in _BY_NAME), "Exception")
    kind, reason = _BY_NAME[name], _REASONS.get(name, names[0])
    profile = address.account.profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")
    return kind.error(
        kind.message.format(key=address.key_id, reason=reason, where=_where(address), profile=profile),
        advice=kind.advice,
    )


def _cause(error: Exception) -> Exception:
    """The error itself, or why a request could not even be written: a line end in a header, a missing file."""
    cause = getattr(error, "kwargs", {}).get("error")
    return (
        cause
        if isinstance(cause, ValueError | FileNotFoundError) and type(error).__name__ == "HTTPClientError"
        else error
    )


def _where(address: Address) -> str:
    region, _, endpoint = address.account
    return f"AWS KMS at {endpoint}" if endpoint else f"AWS KMS in {region}" if region else "AWS KMS"


def _refusal(
    response: Mapping[str, Any], operation: str, address: Address, secrets: Sequence[str]
) -> plugin.PluginError:
    """What a service said: AWS KMS, or one that was asked for credentials."""
    said, about = response["Error"], response.get("ResponseMetadata", {})
    code, text = str(said.get("Code", "")), " ".join(str(said.get("Message", "")).split())
    kind = _kind_of(code, text, operation)
    code, text = _shown(code, secrets, _LONGEST_CODE), _shown(text, secrets, _LONGEST_TEXT)
    request_id = _shown(str(about.get("RequestId", "")), secrets, _LONGEST_CODE)
    metadata = {SERVICE_ERROR: code, "requestId": request_id}
    return kind.error(
        kind.message.format(key=address.key_id, code=code, text=text or code),
        advice=kind.advice,
        metadata={name: value for name, value in metadata.items() if value},
    )


def _shown(text: str, secrets: Sequence[str], longest: int) -> str:
    """What of a text can be shown: not what was sent in secret, nor what looks like it, and not all of a long one."""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = "".join(each if each.isprintable() else "?" for each in _SECRETS.sub("…", text))
    return text if len(text) <= longest else f"{text[:longest]}…"


def _kind_of(code: str, text: str, operation: str) -> _Kind:
    found = _BY_CODE.get(code, _FAILED)
    if found is _MISSIGNED and text.startswith(("Signature expired", "Signature not yet current")):
        return _SKEWED
    if operation in _OPERATIONS or found not in (_FAILED, _DENIED):
        return found
    return _ROLE if found is _DENIED else _LOG_IN_REFUSED
