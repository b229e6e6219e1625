"""The state machine of the upper layer as data: PS3.8 section 9.2, table 9-10.

Rules stand in the table and nowhere else. A pair that is missing cannot happen unless our own code is
wrong, so looking it up raises KeyError; what a misbehaving peer can cause is all in the table.
"""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """Table 9-1 to 9-5; the numbers are the standard's."""

    IDLE = 1
    AWAITING_RQ = 2
    AWAITING_LOCAL_RESPONSE = 3
    AWAITING_TRANSPORT = 4
    AWAITING_AC_OR_RJ = 5
    ESTABLISHED = 6
    AWAITING_RELEASE_RP = 7
    AWAITING_LOCAL_RELEASE = 8
    COLLISION_REQUESTOR_LOCAL = 9
    COLLISION_ACCEPTOR_PEER = 10
    COLLISION_REQUESTOR_PEER = 11
    COLLISION_ACCEPTOR_LOCAL = 12
    AWAITING_CLOSE = 13


class Event(IntEnum):
    """Rows of table 9-10, in its order."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRMED = 2
    AC_RECEIVED = 3
    RJ_RECEIVED = 4
    TRANSPORT_INDICATED = 5
    RQ_RECEIVED = 6
    ACCEPT = 7
    REJECT = 8
    DATA_REQUEST = 9
    DATA_RECEIVED = 10
    RELEASE_REQUEST = 11
    RELEASE_RQ_RECEIVED = 12
    RELEASE_RP_RECEIVED = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    ABORT_RECEIVED = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU = 19


class Action(IntEnum):
    """Tables 9-6 to 9-9: what to do; the names say which table and row."""

    AE_1 = 1  # open the connection
    AE_2 = 2  # send A-ASSOCIATE-RQ
    AE_3 = 3  # association accepted
    AE_4 = 4  # association rejected, close
    AE_5 = 5  # start ARTIM
    AE_6 = 6  # examine the request
    AE_7 = 7  # send A-ASSOCIATE-AC
    AE_8 = 8  # send A-ASSOCIATE-RJ
    DT_1 = 11  # send P-DATA-TF
    DT_2 = 12  # hand data up
    AR_1 = 21  # send A-RELEASE-RQ
    AR_2 = 22  # peer asks for release
    AR_3 = 23  # release confirmed, close
    AR_4 = 24  # send A-RELEASE-RP
    AR_5 = 25  # stop ARTIM
    AR_6 = 26  # hand up data that crossed our release request
    AR_7 = 27  # send data though the peer asked for release
    AR_8 = 28  # both sides asked for release
    AR_9 = 29  # send A-RELEASE-RP in a collision
    AR_10 = 30  # release confirmed in a collision
    AA_1 = 31  # send A-ABORT as user
    AA_2 = 32  # close
    AA_3 = 33  # peer aborted, close
    AA_4 = 34  # connection lost
    AA_5 = 35  # stop ARTIM
    AA_6 = 36  # ignore the PDU
    AA_7 = 37  # send A-ABORT
    AA_8 = 38  # send A-ABORT as provider, tell the user


_A, _E, _S = Action, Event, State
_OPEN = tuple(State(number) for number in (5, 6, 7, 8, 9, 10, 11, 12))

_NEXT = {
    _A.AE_1: _S.AWAITING_TRANSPORT,
    _A.AE_2: _S.AWAITING_AC_OR_RJ,
    _A.AE_3: _S.ESTABLISHED,
    _A.AE_4: _S.IDLE,
    _A.AE_5: _S.AWAITING_RQ,
    _A.AE_6: _S.AWAITING_LOCAL_RESPONSE,
    _A.AE_7: _S.ESTABLISHED,
    _A.AE_8: _S.AWAITING_CLOSE,
    _A.DT_1: _S.ESTABLISHED,
    _A.DT_2: _S.ESTABLISHED,
    _A.AR_1: _S.AWAITING_RELEASE_RP,
    _A.AR_2: _S.AWAITING_LOCAL_RELEASE,
    _A.AR_3: _S.IDLE,
    _A.AR_4: _S.AWAITING_CLOSE,
    _A.AR_5: _S.IDLE,
    _A.AR_6: _S.AWAITING_RELEASE_RP,
    _A.AR_7: _S.AWAITING_LOCAL_RELEASE,
    _A.AR_9: _S.COLLISION_REQUESTOR_PEER,
    _A.AR_10: _S.COLLISION_ACCEPTOR_LOCAL,
    _A.AA_1: _S.AWAITING_CLOSE,
    _A.AA_2: _S.IDLE,
    _A.AA_3: _S.IDLE,
    _A.AA_4: _S.IDLE,
    _A.AA_5: _S.IDLE,
    _A.AA_6: _S.AWAITING_CLOSE,
    _A.AA_7: _S.AWAITING_CLOSE,
    _A.AA_8: _S.AWAITING_CLOSE,
}


def _rows() -> dict[tuple[State, Event], Action]:
    """Spell out table 9-10: first what a PDU does out of turn, then every cell of its own."""
    cells: dict[tuple[State, Event], Action] = {}
    pdus = (
        _E.AC_RECEIVED, _E.RJ_RECEIVED, _E.RQ_RECEIVED, _E.DATA_RECEIVED,
        _E.RELEASE_RQ_RECEIVED, _E.RELEASE_RP_RECEIVED, _E.INVALID_PDU,
    )  # fmt: skip
    for event in pdus:
        cells[_S.AWAITING_RQ, event] = _A.AA_1
        cells[_S.AWAITING_CLOSE, event] = _A.AA_6
        for state in (_S.AWAITING_LOCAL_RESPONSE, *_OPEN):
            cells[state, event] = _A.AA_8
    for state in (_S.AWAITING_LOCAL_RESPONSE, *_OPEN):
        cells[state, _E.ABORT_REQUEST] = _A.AA_1
        cells[state, _E.ABORT_RECEIVED] = _A.AA_3
        cells[state, _E.TRANSPORT_CLOSED] = _A.AA_4
    cells |= {
        (_S.IDLE, _E.ASSOCIATE_REQUEST): _A.AE_1,
        (_S.IDLE, _E.TRANSPORT_INDICATED): _A.AE_5,
        (_S.AWAITING_TRANSPORT, _E.TRANSPORT_CONFIRMED): _A.AE_2,
        (_S.AWAITING_TRANSPORT, _E.ABORT_REQUEST): _A.AA_2,
        (_S.AWAITING_TRANSPORT, _E.TRANSPORT_CLOSED): _A.AA_4,
        (_S.AWAITING_RQ, _E.RQ_RECEIVED): _A.AE_6,
        (_S.AWAITING_RQ, _E.ABORT_RECEIVED): _A.AA_2,
        (_S.AWAITING_RQ, _E.TRANSPORT_CLOSED): _A.AA_5,
        (_S.AWAITING_RQ, _E.ARTIM_EXPIRED): _A.AA_2,
        (_S.AWAITING_LOCAL_RESPONSE, _E.ACCEPT): _A.AE_7,
        (_S.AWAITING_LOCAL_RESPONSE, _E.REJECT): _A.AE_8,
        (_S.AWAITING_AC_OR_RJ, _E.AC_RECEIVED): _A.AE_3,
        (_S.AWAITING_AC_OR_RJ, _E.RJ_RECEIVED): _A.AE_4,
        (_S.ESTABLISHED, _E.DATA_REQUEST): _A.DT_1,
        (_S.ESTABLISHED, _E.DATA_RECEIVED): _A.DT_2,
        (_S.ESTABLISHED, _E.RELEASE_REQUEST): _A.AR_1,
        (_S.ESTABLISHED, _E.RELEASE_RQ_RECEIVED): _A.AR_2,
        (_S.AWAITING_RELEASE_RP, _E.DATA_RECEIVED): _A.AR_6,
        (_S.AWAITING_RELEASE_RP, _E.RELEASE_RQ_RECEIVED): _A.AR_8,
        (_S.AWAITING_RELEASE_RP, _E.RELEASE_RP_RECEIVED): _A.AR_3,
        (_S.AWAITING_LOCAL_RELEASE, _E.DATA_REQUEST): _A.AR_7,
        (_S.AWAITING_LOCAL_RELEASE, _E.RELEASE_RESPONSE): _A.AR_4,
        (_S.COLLISION_REQUESTOR_LOCAL, _E.RELEASE_RESPONSE): _A.AR_9,
        (_S.COLLISION_ACCEPTOR_PEER, _E.RELEASE_RP_RECEIVED): _A.AR_10,
        (_S.COLLISION_REQUESTOR_PEER, _E.RELEASE_RP_RECEIVED): _A.AR_3,
        (_S.COLLISION_ACCEPTOR_LOCAL, _E.RELEASE_RESPONSE): _A.AR_4,
        (_S.AWAITING_CLOSE, _E.RQ_RECEIVED): _A.AA_7,
        (_S.AWAITING_CLOSE, _E.INVALID_PDU): _A.AA_7,
        (_S.AWAITING_CLOSE, _E.ABORT_RECEIVED): _A.AA_2,
        (_S.AWAITING_CLOSE, _E.TRANSPORT_CLOSED): _A.AR_5,
        (_S.AWAITING_CLOSE, _E.ARTIM_EXPIRED): _A.AA_2,
    }
    return cells


TABLE = _rows()


def transition(state: State, event: Event, *, requestor: bool) -> tuple[Action, State]:
    """Return the action and next state. KeyError if our own user asks for what the state forbids."""
    action = TABLE[state, event]
    if action is _A.AR_8:
        return action, _S.COLLISION_REQUESTOR_LOCAL if requestor else _S.COLLISION_ACCEPTOR_PEER
    return action, _NEXT[action]
