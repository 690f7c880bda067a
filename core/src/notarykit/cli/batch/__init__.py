"""Work on the items of a command: where they come from, outcomes in order, a journal, interruption."""
