"""The contract's tables: what they are, reading them, mapping them, refusing rows."""
