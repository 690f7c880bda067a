"""Trust policies, trusted identities and trust stores."""
