"""The DIMSE services from the user's side, one module each.

A service yields typed answers and prints nothing; it knows associations and messages, but no command
line, no configuration and no output.
"""
