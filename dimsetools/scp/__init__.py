"""The other side: a node that listens, admits callers, and plays one role a service class.

Nothing here prints: what happens is told as records to a callable. Nothing here decides how bytes travel
(association), what a command set is (message) or how objects are kept (archive).
"""
