"""DIMSE messages (PS3.7): command sets, and their exchange over an association.

`command` is the machinery, `composite` and `normalized` the message types, `exchange` sends and matches
them, `outgoing` cuts them, `sources` and `sinks` are where data sets come from and go to. Nothing here looks
into a data set.
"""
