"""Real DICOM programs as the other side of a test: DCMTK, Orthanc, pynetdicom, and `dimse` itself.

Everything here starts a process on a free loopback port, waits until it listens, and ends exactly that
process again. Nothing here knows how dimsetools works inside; a peer that shared our code could share
our mistakes.
"""
