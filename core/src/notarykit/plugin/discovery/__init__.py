"""Plugin discovery, in Python packages and in notation's folder, and the execution of executables."""
