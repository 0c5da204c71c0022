"""What runs: train, backtest and score walk the same line and differ in their dates only."""
