"""HTTP client: connection pool, TLS, proxies, redirects, retries, and budgets of bytes and seconds."""
