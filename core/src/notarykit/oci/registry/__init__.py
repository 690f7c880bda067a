"""Registries: OCI distribution 1.1, with authentication, referrers, and the fallback where there are none."""
