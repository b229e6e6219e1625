"""Films: how images lie on a sheet, and what the sheet looks like; nothing here knows who prints."""
