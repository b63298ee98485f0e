"""8x8's PII endpoint: removing a message's number and text at the provider."""

from __future__ import annotations

from collections.abc import Iterable

from bulksender.sender.api import Api, CallError

_NOT_THERE = 404


def remove_personal_data(api: Api, umids: Iterable[str]) -> dict[str, str]:
    """Ask 8x8 to forget each message's number and text; returns umid → why it could not.

    A message that 8x8 does not know any more counts as removed.
    """
    failed = {}
    for umid in umids:
        try:
            api.call("DELETE", f"{umid}/pii")
        except CallError as error:
            if error.status != _NOT_THERE:
                failed[umid] = str(error)
    return failed
