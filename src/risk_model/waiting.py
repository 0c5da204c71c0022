"""How far a long piece of work is, for people who wait: in a notebook and at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any

# What is over by then needs no bar.
PATIENCE_SECONDS = 2.0


class Bar:
    """Shows the stage and how much of it is done, and takes itself away at the stage's end.

    In a Jupyter kernel it is an HTML bar, at a terminal a line on standard error, elsewhere
    nothing: a log file wants no bars.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._began = 0.0
        self._shown: Any = None

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Tell that part ``done`` (from 0) of ``of`` parts of a stage has been done."""
        if stage != self._stage or done == 0:
            self._stage, self._began = stage, self._clock()
        if done >= of - 1:
            self._show("")
            self._stage, self._shown = "", None
        elif self._shown is not None or self._clock() - self._began > PATIENCE_SECONDS:
            said = f"{stage} {done + 1}/{of}"
            self._show(said, (done + 1) / of)

    def _show(self, said: str, share: float = 1.0) -> None:
        if in_kernel():
            self._show_html(said, share)
        elif sys.stderr.isatty():
            sys.stderr.write(f"\x1b[2K\r{said}")
            sys.stderr.flush()
            self._shown = said or None

    def _show_html(self, said: str, share: float) -> None:
        from IPython import display as notebook

        html: Any = notebook.HTML
        display: Any = notebook.display
        bar = f'<progress value="{share:.3f}" max="1"></progress> {escape(said)}' if said else ""
        if self._shown is not None:
            self._shown.update(html(bar))
        elif said:
            self._shown = display(html(bar), display_id=True)


def in_kernel() -> bool:
    """Whether this runs in a Jupyter kernel, whose reader sees HTML."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return type(get_ipython()).__name__ == "ZMQInteractiveShell"
