"""The watchlist as one page: a file that opens anywhere, asks for nothing, and runs no data."""

from risk_model.page.content import Content, list_in, read_list
from risk_model.page.render import render

__all__ = ["Content", "list_in", "read_list", "render"]
