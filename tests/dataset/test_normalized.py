"""Each SOP class of the N- services has its UIDs, services, actions and contexts, whatever people call it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom._uid_dict import UID_dictionary

from dimsetools.dataset import normalized
from dimsetools.dataset.normalized import (
    CLASSES,
    SERVICES,
    NormalizedClass,
    action_name,
    action_type,
    event_name,
    event_type,
    instance,
    new_uid,
    normalized_class,
)
from dimsetools.errors import UsageError
from dimsetools.uids import is_valid_uid

UID = {row[4]: uid for uid, row in UID_dictionary.items()}
PUSH = UID["UnifiedProcedureStepPush"]
WATCH = UID["UnifiedProcedureStepWatch"]
PULL = UID["UnifiedProcedureStepPull"]
EVENT = UID["UnifiedProcedureStepEvent"]
GRAYSCALE = UID["BasicGrayscalePrintManagementMeta"]
COLOR = UID["BasicColorPrintManagementMeta"]

UIDS = {
    "mpps": UID["ModalityPerformedProcedureStep"],
    "mpps-retrieve": UID["ModalityPerformedProcedureStepRetrieve"],
    "mpps-notification": UID["ModalityPerformedProcedureStepNotification"],
    "commit": UID["StorageCommitmentPushModel"],
    "film-session": UID["BasicFilmSession"],
    "film-box": UID["BasicFilmBox"],
    "image-box": UID["BasicGrayscaleImageBox"],
    "color-image-box": UID["BasicColorImageBox"],
    "annotation-box": UID["BasicAnnotationBox"],
    "print-job": UID["PrintJob"],
    "printer": UID["Printer"],
    "printer-configuration": UID["PrinterConfigurationRetrieval"],
    "presentation-lut": UID["PresentationLUT"],
    "voi-lut-box": UID["VOILUTBox"],
    "print-grayscale": UID["BasicGrayscalePrintManagementMeta"],
    "print-color": UID["BasicColorPrintManagementMeta"],
    "ups": UID["UnifiedProcedureStepPush"],
    "ian": UID["InstanceAvailabilityNotification"],
    "media-creation": UID["MediaCreationManagement"],
    "display-system": UID["DisplaySystem"],
    "rt-conventional": UID["RTConventionalMachineVerification"],
    "rt-ion": UID["RTIonMachineVerification"],
    "event-logging": UID["ProceduralEventLogging"],
    "substance-logging": UID["SubstanceAdministrationLogging"],
    "inventory-creation": UID["InventoryCreation"],
}
INSTANCES = {
    "commit": UID["StorageCommitmentPushModelInstance"],
    "printer": UID["PrinterInstance"],
    "printer-configuration": UID["PrinterConfigurationRetrievalInstance"],
    "display-system": UID["DisplaySystemInstance"],
    "event-logging": UID["ProceduralEventLoggingInstance"],
    "substance-logging": UID["SubstanceAdministrationLoggingInstance"],
    "inventory-creation": UID["StorageManagementInstance"],
}


@pytest.mark.parametrize("name", UIDS)
def test_a_short_name_stands_for_the_class_of_the_standard(name: str) -> None:
    assert CLASSES[name].uid == UIDS[name]
    assert normalized_class(UIDS[name]) is CLASSES[name]


@pytest.mark.parametrize("row", CLASSES.values(), ids=lambda row: row.name)
def test_what_a_class_is_negotiated_as_is_a_sop_class(row: NormalizedClass) -> None:
    used = {row.uid, *row.contexts_for(""), *(uid for found in row.by_service.values() for uid in found)}
    assert all(UID_dictionary[uid][1] in ("SOP Class", "Meta SOP Class") for uid in used)
    assert set(row.services) <= set(SERVICES)
    assert {key.split(" ")[0] for key in row.by_service} <= set(SERVICES)


@pytest.mark.parametrize("row", CLASSES.values(), ids=lambda row: row.name)
def test_a_class_has_the_well_known_instance_of_the_standard(row: NormalizedClass) -> None:
    assert row.instance == INSTANCES.get(row.name, "")


def test_no_name_stands_for_two_classes() -> None:
    words = [word for row in CLASSES.values() for word in (row.name, *row.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MPPS", "mpps"), ("Storage Commitment", "commit"), ("storage_commitment", "commit"),
        ("film box", "film-box"), ("BasicFilmBox", "film-box"), ("rt-treatment", "rt-conventional"),
        ("UnifiedProcedureStepPull", "ups-pull"), (WATCH, "ups-watch"), (PUSH, "ups"),
        ("StorageCommitmentPushModel", "commit"), ("print", "print-grayscale"), ("display", "display-system"),
    ],
)  # fmt: skip
def test_a_class_is_found_by_whatever_it_is_called(text: str, name: str) -> None:
    assert normalized_class(text) is CLASSES[name]


def test_a_class_that_is_not_in_the_table_is_one_of_its_own() -> None:
    private = normalized_class("1.2.3.4")
    assert private.uid == private.name == "1.2.3.4"
    assert private.contexts_for("N-ACTION", 1) == ("1.2.3.4",)
    assert private.services == SERVICES
    with pytest.raises(UsageError) as refused:
        action_type(private, "print")
    assert "write a number" in refused.value.hint
    assert action_type(private, "7") == 7
    assert normalized_class("GeneralPurposePerformedProcedureStep").uid == "1.2.840.10008.5.1.4.32.3"


@pytest.mark.parametrize(("text", "hint"), [("filmbox", "film-box"), ("nonsense", "mpps, "), ("", "mpps, ")])
def test_what_is_no_class_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        normalized_class(text)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("name", "service", "number", "contexts"),
    [
        ("mpps", "N-CREATE", None, (UID["ModalityPerformedProcedureStep"],)),
        ("mpps", "N-GET", None, (UID["ModalityPerformedProcedureStepRetrieve"],)),
        ("mpps", "N-EVENT-REPORT", 2, (UID["ModalityPerformedProcedureStepNotification"],)),
        ("film-session", "N-CREATE", None, (GRAYSCALE, COLOR)),
        ("image-box", "N-SET", None, (GRAYSCALE,)),
        ("color-image-box", "N-SET", None, (COLOR,)),
        ("printer", "N-GET", None, (GRAYSCALE, COLOR, UID["Printer"])),
        ("annotation-box", "N-SET", None, (UID["BasicAnnotationBox"],)),
        ("ups", "N-CREATE", None, (PUSH,)),
        ("ups", "N-SET", None, (PULL,)),
        ("ups", "N-GET", None, (PUSH, WATCH, PULL)),
        ("ups", "N-ACTION", 1, (PULL,)),
        ("ups", "N-ACTION", 2, (PUSH, WATCH)),
        ("ups", "N-ACTION", 3, (WATCH,)),
        ("ups", "N-ACTION", 4, (WATCH,)),
        ("ups", "N-ACTION", 5, (WATCH,)),
        ("ups", "N-ACTION", 99, (PUSH, WATCH, PULL)),
        ("ups", "N-EVENT-REPORT", 1, (EVENT,)),
        ("ups-pull", "N-GET", None, (PULL,)),
        ("commit", "N-ACTION", 1, (UID["StorageCommitmentPushModel"],)),
    ],
)
def test_a_service_goes_in_the_contexts_that_have_it(
    name: str, service: str, number: int | None, contexts: tuple[str, ...]
) -> None:
    assert CLASSES[name].contexts_for(service, number) == contexts


def test_unified_procedure_steps_are_instances_of_push_under_any_context() -> None:
    rows = [row for row in CLASSES.values() if row.name.startswith("ups")]
    assert len(rows) == 6
    assert {row.uid for row in rows} == {PUSH}


def test_the_steps_of_mpps_are_read_and_reported_by_classes_of_their_own() -> None:
    mpps = CLASSES["mpps"]
    assert mpps.serving("N-GET") is CLASSES["mpps-retrieve"]
    assert mpps.serving("N-EVENT-REPORT") is CLASSES["mpps-notification"]
    assert mpps.serving("N-SET") is mpps
    assert CLASSES["ups"].serving("N-GET") is CLASSES["ups"]


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("commit", "commit", 1), ("film-box", "Print", 1), ("ups", "change_state", 1), ("ups", "cancel", 2),
        ("ups", "subscribe", 3), ("ups", "unsubscribe", 4), ("ups", "suspend", 5), ("mpps", "1", 1),
        ("inventory-creation", "resume", 15), ("rt-ion", "verify", 1), ("ups", "65535", 65535),
        ("media-creation", "cancel", 2),
    ],
)  # fmt: skip
def test_an_action_is_meant_by_name_or_number(name: str, text: str, number: int) -> None:
    assert action_type(CLASSES[name], text) == number


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("commit", "success", 1), ("commit", "failed", 2), ("mpps", "completed", 2), ("mpps", "deleted", 5),
        ("print-job", "done", 3), ("printer", "failure", 3), ("ups", "assigned", 5), ("ups", "progress", 3),
        ("ups", "0004", 4),
    ],
)  # fmt: skip
def test_an_event_is_meant_by_name_or_number(name: str, text: str, number: int) -> None:
    assert event_type(CLASSES[name], text) == number


@pytest.mark.parametrize("text", ["65536", "-1", "1.0", "subscrbe", ""])
def test_what_is_no_action_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        action_type(CLASSES["ups"], text)
    assert "subscribe" in refused.value.hint
    with pytest.raises(UsageError, match="no event of printer"):
        event_type(CLASSES["printer"], text)


@pytest.mark.parametrize("row", CLASSES.values(), ids=lambda row: row.name)
def test_numbers_have_the_name_by_which_they_are_found(row: NormalizedClass) -> None:
    for number in row.actions.values():
        assert action_type(row, action_name(row, number)) == number
    for number in row.events.values():
        assert event_type(row, event_name(row, number)) == number
    assert action_name(row, 999) == event_name(row, 999) == ""


@pytest.mark.parametrize(
    ("name", "text", "uid"),
    [
        ("mpps", "1.2.3", "1.2.3"), ("mpps", " 1.2.3 ", "1.2.3"), ("mpps", "-", None),
        ("printer", "printer", "1.2.840.10008.5.1.1.17"), ("commit", "commit", "1.2.840.10008.1.20.1.1"),
        ("commit", "Storage Commitment", "1.2.840.10008.1.20.1.1"),
        ("ups", "global", "1.2.840.10008.5.1.4.34.5"),
        ("ups-watch", "filtered", "1.2.840.10008.5.1.4.34.5.1"),
    ],
)  # fmt: skip
def test_an_instance_is_a_uid_or_a_name_for_one(name: str, text: str, uid: str | None) -> None:
    assert instance(CLASSES[name], text) == uid


@pytest.mark.parametrize("text", ["1.02.3", "1." * 40 + "1", "1..2"])
def test_a_uid_that_breaks_the_rules_is_sent_only_unchecked(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        instance(CLASSES["printer"], text)
    assert refused.value.hint.startswith("a UID is up to 64 digits and dots without leading zeros")
    assert instance(CLASSES["printer"], text, check=False) == text


@pytest.mark.parametrize("text", ["commit", "17", ""])
def test_what_is_no_instance_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        instance(CLASSES["printer"], text)
    assert refused.value.hint == "write a UID, or printer"
    with pytest.raises(UsageError, match="no instance of mpps"):
        instance(CLASSES["mpps"], text)


@given(st.text(max_size=70))
def test_any_text_is_a_class_or_a_usage_error(text: str) -> None:
    try:
        found = normalized_class(text)
    except UsageError:
        return
    assert is_valid_uid(found.uid)


@given(st.text(alphabet="0123456789.-new printer", max_size=70))
def test_any_text_is_an_instance_or_a_usage_error(text: str) -> None:
    try:
        found = instance(CLASSES["printer"], text)
    except UsageError:
        return
    assert found is None or is_valid_uid(found)


def test_new_instances_differ() -> None:
    found = {instance(CLASSES["mpps"], "new"), instance(CLASSES["mpps"], "New"), new_uid()}
    assert len(found) == 3
    assert all(uid is not None and is_valid_uid(uid) for uid in found)
    assert normalized.instance_names(CLASSES["mpps"]) == ()
