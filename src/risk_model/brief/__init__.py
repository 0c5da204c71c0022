"""Documents that are handed over: filled in from the data, blanks where only people know."""
