"""Status words: every code of the standard has its category, a name and a meaning."""

from __future__ import annotations

import pytest
from pynetdicom import status as oracle

from dimsetools import status
from dimsetools.status import Category, describe

SERVICES = [
    "C-ECHO", "C-STORE", "C-FIND", "C-GET", "C-MOVE",
    "N-GET", "N-SET", "N-ACTION", "N-CREATE", "N-DELETE", "N-EVENT-REPORT",
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "service", "category", "name"),
    [
        (0x0000, "C-ECHO", Category.SUCCESS, "success"),
        (0x0001, "N-GET", Category.WARNING, "optional-attributes-unsupported"),
        (0x0107, "N-SET", Category.WARNING, "attribute-list-error"),
        (0x0116, "N-CREATE", Category.WARNING, "attribute-value-out-of-range"),
        (0x0110, "N-SET", Category.FAILURE, "processing-failure"),
        (0x0122, "C-STORE", Category.FAILURE, "sop-class-not-supported"),
        (0x0124, "C-ECHO", Category.FAILURE, "not-authorized"),
        (0x0211, "C-ECHO", Category.FAILURE, "unrecognized-operation"),
        (0xA700, "C-STORE", Category.FAILURE, "out-of-resources"),
        (0xA7FF, "C-STORE", Category.FAILURE, "out-of-resources"),
        (0xA900, "C-STORE", Category.FAILURE, "data-set-mismatch"),
        (0xA9FE, "C-STORE", Category.FAILURE, "data-set-mismatch"),
        (0xB000, "C-STORE", Category.WARNING, "coerced"),
        (0xB006, "C-STORE", Category.WARNING, "elements-discarded"),
        (0xB007, "C-STORE", Category.WARNING, "data-set-mismatch-warning"),
        (0xC000, "C-STORE", Category.FAILURE, "cannot-understand"),
        (0xC123, "C-STORE", Category.FAILURE, "cannot-understand"),
        (0xCFFF, "C-STORE", Category.FAILURE, "cannot-understand"),
        (0xA700, "C-FIND", Category.FAILURE, "out-of-resources"),
        (0xB001, "C-FIND", Category.WARNING, "response-limit"),
        (0xFF00, "C-FIND", Category.PENDING, "pending"),
        (0xFF01, "C-FIND", Category.PENDING, "pending-optional-keys-unsupported"),
        (0xFE00, "C-FIND", Category.CANCEL, "cancelled"),
        (0xC001, "C-FIND", Category.FAILURE, "unable-to-process"),
        (0xA702, "C-GET", Category.FAILURE, "out-of-resources-suboperations"),
        (0xB000, "C-GET", Category.WARNING, "suboperations-failed"),
        (0xA801, "C-MOVE", Category.FAILURE, "move-destination-unknown"),
        (0xFF00, "C-MOVE", Category.PENDING, "pending"),
        (0xFE00, "C-MOVE", Category.CANCEL, "cancelled"),
        (0xB604, "N-ACTION", Category.WARNING, "image-demagnified"),
        (0xC600, "N-ACTION", Category.FAILURE, "no-film-box"),
        (0xC301, "N-ACTION", Category.FAILURE, "wrong-transaction-uid"),
        (0xB304, "N-ACTION", Category.WARNING, "ups-already-cancelled"),
        (0x0131, "N-ACTION", Category.FAILURE, "duplicate-transaction-uid"),
        (0x0112, status.FAILURE_REASON, Category.FAILURE, "no-such-object-instance"),
        (0x0213, status.FAILURE_REASON, Category.FAILURE, "resource-limitation"),
        (0xA700, status.FAILURE_REASON, Category.FAILURE, "unknown"),
        (0xC307, "", Category.FAILURE, "no-such-ups"),
        (0xA801, "", Category.FAILURE, "move-destination-unknown"),
    ],
)
def test_known_codes(code: int, service: str, category: Category, name: str) -> None:
    found = describe(code, service)
    assert (found.code, found.category, found.name) == (code, category, name)
    assert found.meaning
    assert found.source.startswith("PS3.")


FILM_BOX, STEP, WORKITEM = "1.2.840.10008.5.1.1.2", "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.5.1.4.34.6.1"
COMMITMENT, MEDIA, RT = "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.1.33", "1.2.840.10008.5.1.4.34.8"
OF_ITS_CLASS = [
    (0xC602, FILM_BOX, "print-queue-full"),
    (0xC300, WORKITEM, "ups-final"),
    (0x0131, COMMITMENT, "duplicate-transaction-uid"),
    (0xC201, MEDIA, "creation-completed"),
    (0xC223, RT, "already-verifying"),
    (0xC102, "1.2.840.10008.1.40", "event-template-mismatch"),
    (0xC110, "1.2.840.10008.1.42", "patient-not-identified"),
    (0xB010, "1.2.840.10008.5.1.4.1.1.201.5", "key-attributes-unsupported"),
]


@pytest.mark.parametrize(("code", "sop_class", "name"), OF_ITS_CLASS)
def test_a_class_of_the_n_services_has_codes_of_its_own(code: int, sop_class: str, name: str) -> None:
    assert describe(code, "N-ACTION", sop_class).name == name
    assert describe(code, "N-ACTION", "1.2.3.4").name == name  # a class that nobody knows may mean it, too


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, _, name in OF_ITS_CLASS])
def test_a_code_of_another_class_is_not_put_into_its_words(code: int, name: str) -> None:
    found = describe(code, "N-ACTION", STEP)
    assert found.name == "unknown"
    assert found.meaning == f"status 0x{code:04X} is not defined for N-ACTION of this SOP class"
    assert status.transient(code, "N-ACTION", STEP) is False


@pytest.mark.parametrize("sop_class", [FILM_BOX, STEP, WORKITEM, COMMITMENT, MEDIA, RT])
def test_some_codes_mean_the_same_for_every_class(sop_class: str) -> None:
    assert describe(0x0112, "N-SET", sop_class).name == "no-such-sop-instance"
    assert describe(0xA700, "N-SET", sop_class).name == "out-of-resources"


@pytest.mark.parametrize("service", ["C-ECHO", "C-STORE", "N-GET"])
@pytest.mark.parametrize("code", [0xFF00, 0xFF01, 0xFE00, 0x1234, 0xFFFF, 0xD000])
def test_what_a_service_does_not_define_is_an_unknown_failure(code: int, service: str) -> None:
    found = describe(code, service)
    assert (found.category, found.name) == (Category.FAILURE, "unknown")
    assert f"0x{code:04X}" in found.meaning
    assert service in found.meaning


def test_an_unknown_code_of_the_warning_range_stays_a_warning() -> None:
    assert describe(0xB0FF, "C-STORE").category is Category.WARNING
    assert describe(0xB0FF, "C-STORE").name == "unknown"


def test_every_code_has_one_category() -> None:
    for code in range(0x10000):
        flags = (
            status.is_success(code),
            status.is_warning(code),
            status.is_failure(code),
            status.is_cancel(code),
            status.is_pending(code),
        )
        assert sum(flags) == 1, f"{code:04X}"


ORACLE = {
    "C-ECHO": oracle.VERIFICATION_SERVICE_CLASS_STATUS,
    "C-STORE": oracle.STORAGE_SERVICE_CLASS_STATUS,
    "C-FIND": oracle.QR_FIND_SERVICE_CLASS_STATUS | oracle.RELEVANT_PATIENT_SERVICE_CLASS_STATUS,
    "C-GET": oracle.QR_GET_SERVICE_CLASS_STATUS,
    "C-MOVE": oracle.QR_MOVE_SERVICE_CLASS_STATUS,
    "N-ACTION": oracle.PRINT_JOB_MANAGEMENT_SERVICE_CLASS_STATUS
    | oracle.APPLICATION_EVENT_LOGGING_SERVICE_CLASS_STATUS
    | oracle.MEDIA_CREATION_MANAGEMENT_SERVICE_CLASS_STATUS
    | oracle.RT_MACHINE_VERIFICATION_SERVICE_CLASS_STATUS
    | oracle.STORAGE_MANAGEMENT_SERVICE_CLASS_STATUS,
    "N-SET": oracle.PROCEDURE_STEP_STATUS,
}


@pytest.mark.parametrize("service", ORACLE)
def test_every_code_of_pynetdicom_is_known_with_the_same_category(service: str) -> None:
    for code, (category, _) in ORACLE[service].items():
        if code == 0xFE00 and service in ("C-ECHO", "C-STORE", "N-ACTION", "N-SET"):
            continue  # listed as general there; only C-FIND, C-GET and C-MOVE can be cancelled
        found = describe(code, service)
        assert found.name != "unknown", f"{code:04X}"
        assert found.category.value == category.lower(), f"{code:04X}"


def test_every_ups_code_of_pynetdicom_is_known() -> None:
    table = oracle.UNIFIED_PROCEDURE_STEP_SERVICE_CLASS_STATUS
    for code in (code for code in table if 0xB300 <= code <= 0xB3FF or 0xC300 <= code <= 0xC315):
        if table[code][1] != "Unable to Process":
            assert describe(code, "N-ACTION").name != "unknown", f"{code:04X}"


@pytest.mark.parametrize(
    ("code", "service", "expected"),
    [
        (0xA700, "C-STORE", True),
        (0xA7AB, "C-STORE", True),
        (0xA710, "C-STORE", True),
        (0xA710, "C-FIND", False),
        (0xA701, "C-MOVE", True),
        (0xA702, "C-GET", True),
        (0x0213, "N-ACTION", True),
        (0xC602, "N-ACTION", True),
        (0xC602, "C-STORE", False),
        (0x0000, "C-STORE", False),
        (0xA900, "C-STORE", False),
        (0x0110, "C-STORE", False),
        (0x0122, "C-STORE", False),
        (0x1234, "C-STORE", False),
    ],
)
def test_only_lack_of_resources_is_worth_a_retry(code: int, service: str, expected: bool) -> None:
    assert status.transient(code, service) is expected


@pytest.mark.parametrize("service", SERVICES)
def test_every_failure_says_what_to_try_or_needs_no_hint(service: str) -> None:
    """General failures always come with advice; that is what a person reads first."""
    for code in (0x0105, 0x0106, 0x0110, 0x0112, 0x0117, 0x0118, 0x0119, 0x0122, 0x0124, 0x0211, 0x0212):
        assert describe(code, service).hint
