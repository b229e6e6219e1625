"""Peers that follow a script on a raw socket, right or wrong to the byte, independent of our code.

`wire` builds the bytes by hand (PS3.7, PS3.8), `conversation` holds one connection, `peers` are the
server and the client that tests start.
"""
