"""Program: its settings, the files that it takes up while it runs, what is behind each path, and its end."""
