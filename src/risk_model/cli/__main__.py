"""So that ``python -m risk_model.cli`` is the command too."""

from risk_model.cli import main

main()
