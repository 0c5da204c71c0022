"""What ``benchmarks/features.py`` measures: a made-up company, SQL by hand, and the rivals."""

FIRST_DAY = 20_000
DAYS = 560
LAST_DAY = FIRST_DAY + DAYS
