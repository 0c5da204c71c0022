"""Where a PostgreSQL database is, as one word: an address without a password, ever.

User and password come from libpq's own places: PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE. An
address stands in the process list, in schedules and in logs, so one with a password is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qsl, urlencode, urlsplit

from risk_model.errors import UsageError

SCHEMES = ("postgresql:", "postgres:")
_SECRET = ("password", "sslpassword")
EXAMPLE = "postgresql://host/database?schema=crm, or postgresql: with PGHOST, PGDATABASE and so on"


@dataclass(frozen=True)
class Address:
    """libpq's settings, and the schema that the tables are in (none: the search path's)."""

    settings: Mapping[str, str] = field(default_factory=dict)
    schema: str | None = None


def is_address(text: str | Path) -> bool:
    """Say whether what was given as data is a database and not a path."""
    return isinstance(text, str) and text.startswith(SCHEMES)


def address_of(text: str, option: str = "--data") -> Address:
    """Return the address that ``postgresql://host/db?schema=…`` or ``postgresql:`` stands for.

    Raises UsageError for one that holds a password or cannot be understood; neither is repeated.
    """
    parts = urlsplit(text)
    given = parse_qsl(parts.query, keep_blank_values=True)
    if ":" in parts.netloc.rpartition("@")[0] or any(key.lower() in _SECRET for key, _ in given):
        raise UsageError(
            f"{option}: an address with a password shows it to everybody who lists processes or "
            "reads logs. Leave it out, and give it as PGPASSWORD or in a password file."
        )
    schemas = [value for key, value in given if key == "schema"]
    if not parts.netloc and not text.startswith(tuple(f"{scheme}//" for scheme in SCHEMES)):
        if parts.path:
            raise UsageError(f"{option}: no PostgreSQL address. One is {EXAMPLE}.")
        return Address({}, schemas[-1] if schemas else None)
    rest = urlencode([(key, value) for key, value in given if key != "schema"])
    url = text.partition("?")[0] + (f"?{rest}" if rest else "")
    return Address(_settings(url, option), schemas[-1] if schemas else None)


def _settings(url: str, option: str) -> dict[str, str]:
    psycopg = driver()
    try:
        found = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # libpq's own message would repeat the address
        raise UsageError(f"{option}: no PostgreSQL address. One is {EXAMPLE}.") from None
    return {str(key): str(value) for key, value in found.items()}


def driver() -> ModuleType:
    """Return psycopg. Raises UsageError where it is not installed."""
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as error:
        raise UsageError(
            "PostgreSQL needs the driver: pip install 'risk-model[postgres]'"
        ) from error
    return psycopg
