"""Finding plugins by name, in Python packages and in notation's folder, and running those that are executables."""
