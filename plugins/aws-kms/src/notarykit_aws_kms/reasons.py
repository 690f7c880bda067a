"""What the SDK's exceptions mean, in words: what they say themselves may quote a secret, and names help nobody."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_IN: Mapping[str, str] = {
    "PartialCredentialsError": "an access key id has no secret access key beside it",
    "CredentialRetrievalError": "the profile's command or the service that hands over credentials gave none",
    "MetadataRetrievalError": "the service for this instance's or container's credentials does not answer as it should",
    "TokenRetrievalError": "the login's token could not be renewed",
    "SSOTokenLoadError": "nobody has logged in with 'aws sso login'",
    "UnauthorizedSSOTokenError": "the login with 'aws sso login' is over",
    "PendingAuthorizationExpiredError": "the login in the browser was not finished in time",
    "SSOError": "the login with 'aws sso login' cannot be used",
    "LoginError": "the login with 'aws login' is over or cannot be used",
    "RefreshWithMFAUnsupportedError": "the code of the second factor is asked for again",
    "EOFError": "nobody is there to enter the code of the second factor",
}

CONFIGURATION: Mapping[str, str] = {
    "ConfigNotFound": "a file that it names is not there",
    "ConfigParseError": "a file of it is malformed",
    "InvalidConfigError": "a setting in it has a value that it cannot have",
    "InfiniteLoopConfigError": "profiles take their credentials from each other in a circle",
    "UnknownCredentialError": "its credential_source is not known",
    "UnknownTokenProviderError": "its source of tokens is not known",
    "InvalidProxiesConfigError": "its proxies cannot be used",
    "InvalidRegionError": "the region in it has not the form of one, such as us-east-1",
    "UnknownRegionError": "the region in it is not known",
    "BaseEndpointResolverError": "there is no endpoint of the kind and in the region that it has",
    "EndpointProviderError": "there is no endpoint of the kind and in the region that it has",
    "ServiceNotInRegionError": "the region in it does not have AWS KMS",
    "InvalidEndpointConfigurationError": "its endpoint cannot be used",
    "InvalidHostLabelError": "its endpoint cannot be used",
    "InvalidIMDSEndpointError": "its address of the instance's metadata service is malformed",
    "InvalidIMDSEndpointModeError": "its mode of the instance's metadata service is none",
    "InvalidRetryConfigurationError": "its settings for trying again cannot be used",
    "InvalidSTSRegionalEndpointsConfigError": "sts_regional_endpoints is neither legacy nor regional",
    "InvalidDefaultsMode": "defaults_mode is none that is known",
    "InvalidChecksumConfigError": "a setting for checksums is neither when_supported nor when_required",
    "UnknownSignatureVersionError": "its signature version is not known",
    "UnsupportedSignatureVersionError": "its signature version is not supported",
    # Python's own, which the SDK lets through.
    "UnicodeError": "a key or a token in it has other characters than ASCII",
    "ValueError": "an address, a number or a time in it is malformed, or a key or token in it has a line end",
    "OSError": "a file that it names cannot be read",
}

CONNECTION: Mapping[str, str] = {
    "EndpointConnectionError": "nothing answers there",
    "ConnectionClosedError": "the connection was closed",
    "ResponseStreamingError": "the connection broke",
    "IncompleteReadError": "the connection broke",
    "ChecksumError": "what came is damaged",
    "FlexibleChecksumError": "what came is damaged",
    "HTTPClientError": "the connection failed",
    "ConnectionError": "the connection failed",
}
