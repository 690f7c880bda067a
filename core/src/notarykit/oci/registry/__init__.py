"""Registries (OCI distribution specification 1.1): authentication, referrers API, referrers tag schema."""
