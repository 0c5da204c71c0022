"""What only shows across accounts: systemic causes, silent leavers, load, repeats, the log."""
