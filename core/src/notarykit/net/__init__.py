"""The only HTTP in the house: connections that are kept, TLS, proxies, limits on bytes and time, and trying again."""
