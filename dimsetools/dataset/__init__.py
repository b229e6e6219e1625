"""Data sets in and out of the program: File Meta Information, raw elements, transcoding.

Nothing here knows of associations or messages. `part10` and `elements` are on the hot path and work on
bytes and descriptors alone; only `transcode` uses pydicom, and only after a bounded scan.
"""
