"""The requests of the N- services about instances of a class, with the contexts in which they may go."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.normalized import NormalizedClass
from dimsetools.message.normalized import (
    NActionRq,
    NCreateRq,
    NDeleteRq,
    NEventReportRq,
    NGetRq,
    NSetRq,
)
from dimsetools.services.normalized import Wanted


def create(of: NormalizedClass, instance: str | None, attributes: Attributes | None = None) -> Wanted:
    """Return the N-CREATE of an instance; without a UID the peer gives it one."""
    request = NCreateRq(affected_sop_class_uid=of.uid, affected_sop_instance_uid=instance)
    return Wanted(request, of.contexts_for(request.service), attributes)


def get(of: NormalizedClass, instance: str, tags: tuple[int, ...] = ()) -> Wanted:
    """Return the N-GET of the attributes `tags` of an instance, without any of all."""
    named = of.serving(NGetRq.service)
    request = NGetRq(
        requested_sop_class_uid=named.uid,
        requested_sop_instance_uid=instance,
        attribute_identifier_list=tags,
    )
    return Wanted(request, of.contexts_for(request.service))


def set_(of: NormalizedClass, instance: str, attributes: Attributes) -> Wanted:
    """Return the N-SET of attributes of an instance."""
    request = NSetRq(requested_sop_class_uid=of.uid, requested_sop_instance_uid=instance)
    return Wanted(request, of.contexts_for(request.service), attributes)


def action(of: NormalizedClass, instance: str, number: int, attributes: Attributes | None = None) -> Wanted:
    """Return the N-ACTION of the type `number`."""
    request = NActionRq(
        requested_sop_class_uid=of.uid, requested_sop_instance_uid=instance, action_type_id=number
    )
    return Wanted(request, of.contexts_for(request.service, number), attributes)


def delete(of: NormalizedClass, instance: str) -> Wanted:
    """Return the N-DELETE of an instance."""
    request = NDeleteRq(requested_sop_class_uid=of.uid, requested_sop_instance_uid=instance)
    return Wanted(request, of.contexts_for(request.service))


def event(of: NormalizedClass, instance: str, number: int, attributes: Attributes | None = None) -> Wanted:
    """Return the N-EVENT-REPORT of the type `number`, which the SCP of a class sends."""
    named = of.serving(NEventReportRq.service)
    request = NEventReportRq(
        affected_sop_class_uid=named.uid, affected_sop_instance_uid=instance, event_type_id=number
    )
    return Wanted(request, of.contexts_for(request.service), attributes)
