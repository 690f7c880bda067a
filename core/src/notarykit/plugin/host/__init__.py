"""Asking a plugin, wherever it runs: what is asked, within which time, and how every answer is checked."""
