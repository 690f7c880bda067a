"""Server: HTTP over TLS, the limits of what may be sent, and the end of the program."""
