"""Reasons for the SDK's exceptions, by class: their own texts may quote a secret."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_IN: Mapping[str, str] = {
    "PartialCredentialsError": "an access key id has no secret access key beside it",
    "CredentialRetrievalError": "the profile's command or credential service returned none",
    "MetadataRetrievalError": "the metadata service of this instance or container returned an unexpected response",
    "TokenRetrievalError": "the login's token could not be renewed",
    "SSOTokenLoadError": "there is no login by 'aws sso login'",
    "UnauthorizedSSOTokenError": "the login by 'aws sso login' has expired",
    "PendingAuthorizationExpiredError": "the login in the browser was not finished in time",
    "SSOError": "the login by 'aws sso login' cannot be used",
    "LoginError": "the login by 'aws login' has expired or cannot be used",
    "RefreshWithMFAUnsupportedError": "the code of the second factor is needed again",
    "EOFError": "there is no terminal to enter the code of the second factor",
}

CONFIGURATION: Mapping[str, str] = {
    "ConfigNotFound": "a file that it names does not exist",
    "ConfigParseError": "a file of it is malformed",
    "InvalidConfigError": "a setting in it has an invalid value",
    "InfiniteLoopConfigError": "profiles take their credentials from each other in a circle",
    "UnknownCredentialError": "its credential_source is unknown",
    "UnknownTokenProviderError": "its source of tokens is unknown",
    "InvalidProxiesConfigError": "its proxies cannot be used",
    "InvalidRegionError": "the region in it has not the form us-east-1",
    "UnknownRegionError": "the region in it is unknown",
    "BaseEndpointResolverError": "there is no endpoint of its kind in its region",
    "EndpointProviderError": "there is no endpoint of its kind in its region",
    "ServiceNotInRegionError": "the region in it does not have AWS KMS",
    "InvalidEndpointConfigurationError": "its endpoint cannot be used",
    "InvalidHostLabelError": "its endpoint cannot be used",
    "InvalidIMDSEndpointError": "its endpoint of the instance metadata service is malformed",
    "InvalidIMDSEndpointModeError": "its endpoint mode of the instance metadata service is neither IPv4 nor IPv6",
    "InvalidRetryConfigurationError": "its retry settings cannot be used",
    "InvalidSTSRegionalEndpointsConfigError": "sts_regional_endpoints is neither legacy nor regional",
    "InvalidDefaultsMode": "its defaults_mode is unknown",
    "InvalidChecksumConfigError": "a setting for checksums is neither when_supported nor when_required",
    "UnknownSignatureVersionError": "its signature version is unknown",
    "UnsupportedSignatureVersionError": "its signature version is not supported",
    # Python's own, which the SDK lets through.
    "UnicodeError": "a key or a token in it is not ASCII",
    "ValueError": "an address, a number or a time in it is malformed, or a key or token in it contains a line end",
    "OSError": "a file that it names cannot be read",
}

CONNECTION: Mapping[str, str] = {
    "EndpointConnectionError": "connection refused, or host unknown",
    "ConnectionClosedError": "the connection was closed",
    "ResponseStreamingError": "the connection broke",
    "IncompleteReadError": "the connection broke",
    "ChecksumError": "the response is damaged",
    "FlexibleChecksumError": "the response is damaged",
    "HTTPClientError": "the connection failed",
    "ConnectionError": "the connection failed",
}
