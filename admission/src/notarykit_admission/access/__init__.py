"""Access to registries: with the program's own credentials, and with the pull secrets of pods."""
