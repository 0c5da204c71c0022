"""What `toolkits.py` needs: the tables handed over, and each toolkit's own pipeline."""
