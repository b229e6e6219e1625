"""Each request names class and instance as its service does, and the contexts in which it may go."""

from __future__ import annotations

import pytest

from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.message.normalized import (
    NActionRq,
    NCreateRq,
    NDeleteRq,
    NEventReportRq,
    NGetRq,
    NSetRq,
)
from dimsetools.services import requests
from dimsetools.services.normalized import Wanted

MPPS, FILM, UPS = CLASSES["mpps"], CLASSES["film-session"], CLASSES["ups"]
UPS_CONTEXT = "1.2.840.10008.5.1.4.34.6."


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (
            requests.create(FILM, None),
            Wanted(NCreateRq(affected_sop_class_uid=FILM.uid), (PRINT_GRAYSCALE, PRINT_COLOR)),
        ),
        (
            requests.set_(UPS, "1.2", {}),
            Wanted(
                NSetRq(requested_sop_class_uid=UPS.uid, requested_sop_instance_uid="1.2"),
                (UPS_CONTEXT + "3",),
                {},
            ),
        ),
        (
            requests.action(UPS, "1.2", 3),
            Wanted(
                NActionRq(
                    requested_sop_class_uid=UPS.uid, requested_sop_instance_uid="1.2", action_type_id=3
                ),
                (UPS_CONTEXT + "2",),
            ),
        ),
        (
            requests.get(MPPS, "1.2", (0x00100010,)),
            Wanted(
                NGetRq(
                    requested_sop_class_uid="1.2.840.10008.3.1.2.3.4",
                    requested_sop_instance_uid="1.2",
                    attribute_identifier_list=(0x00100010,),
                ),
                ("1.2.840.10008.3.1.2.3.4",),
            ),
        ),
        (
            requests.event(MPPS, "1.2", 2),
            Wanted(
                NEventReportRq(
                    affected_sop_class_uid="1.2.840.10008.3.1.2.3.5",
                    affected_sop_instance_uid="1.2",
                    event_type_id=2,
                ),
                ("1.2.840.10008.3.1.2.3.5",),
            ),
        ),
        (
            requests.delete(FILM, "1.2"),
            Wanted(
                NDeleteRq(requested_sop_class_uid=FILM.uid, requested_sop_instance_uid="1.2"),
                (PRINT_GRAYSCALE, PRINT_COLOR),
            ),
        ),
    ],
    ids=lambda value: type(value.request).__name__ if isinstance(value, Wanted) else "",
)
def test_a_request_names_what_it_is_about(wanted: Wanted, expected: Wanted) -> None:
    assert wanted == expected
