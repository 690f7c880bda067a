"""Version of notarykit-admission."""

__version__ = "0.1.0"
