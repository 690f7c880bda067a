"""Policy: trust policies, trust stores and the rules of namespaces, read as a whole from a folder."""
