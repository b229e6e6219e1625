"""What a receiver keeps: objects as files, each whole and under its name, or not there at all.

Knows the file system and the shape of a data set; nothing of associations, messages or statuses.
"""
