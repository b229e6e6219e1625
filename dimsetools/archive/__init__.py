"""What a receiver keeps: objects as files, each whole and under its name, or not there at all; and an index.

`objects` and `tree` are the files, `index` is what they hold, `matching` what a query means, `worklist` a
folder of items that can be queried, too. Knows the file system, SQLite and the shape of a data set; nothing
of associations, messages or statuses.
"""
