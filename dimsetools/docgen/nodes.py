"""How a shell finds the names of nodes without starting Python: one sed over the files that are there."""

from __future__ import annotations

from dimsetools.config.files import LOCAL_FILE, SYSTEM_FILE

NODE_TABLES = r"s/^[[:space:]]*\[nodes\.\"\{0,1\}\([A-Za-z0-9_-]*\).*/\1/p"
VARIABLES = r"s/^DIMSE_NODE_\([A-Za-z0-9._-]*\)=.*/\1/p"
FILES = f'"$DIMSE_CONFIG" {LOCAL_FILE} "${{XDG_CONFIG_HOME:-$HOME/.config}}/dimse/config.toml" {SYSTEM_FILE}'
"""For bash and zsh."""
