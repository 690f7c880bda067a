"""Work on many items: bounded, in order, in threads, in processes, or on other machines."""
