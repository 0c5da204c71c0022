"""Table engines: each opens the tables and answers in its own words, once."""
