"""Hooks around the commands of a plugin (pluggy), loaded with plugins in packages and with observers alone."""
