"""User configuration, shared with notation."""
