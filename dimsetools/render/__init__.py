"""All that people and scripts read: results on stdout, everything else on stderr.

Commands hand over plain records and lines; this room alone knows formats, colour, progress and how a
failure is explained, and what the results of a run come to. It opens no association, and loads rich only
when a progress bar is really drawn.
"""

from __future__ import annotations

from dimsetools.render.formats import FORMATS
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.output import Output

__all__ = ["FORMATS", "Line", "Output", "Span", "bad", "dim", "good", "warn"]
