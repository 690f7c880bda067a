"""The user's set-up: where its files are, and the settings that are shared with notation."""
