"""Who may ask: the API key, the account and the sub-account."""

from __future__ import annotations

import hmac
import re
from typing import Final

from starlette.requests import Request

from bulksender.simulator.errors import ApiError, ErrorCode, bad_request
from bulksender.simulator.settings import Settings

_SUBACCOUNT: Final = re.compile(r"[A-Za-z0-9\-._&]{3,50}")


class Guard:
    """The checks that come before an endpoint's own."""

    def __init__(self, settings: Settings) -> None:
        self._expected = f"Bearer {settings.api_key}".encode()
        self._subaccount = settings.subaccount
        self._account = settings.account

    def check_subaccount(self, request: Request) -> None:
        """Check the key and the path's ``subAccountId``.

        Raises:
            ApiError: 401, code 1200: not our key. 400, code 1001: no sub-account of this account;
                400 because the OpenAPI document gives these endpoints no 403.
        """
        self._check_key(request)
        subaccount = request.path_params["subaccount"]
        if not _SUBACCOUNT.fullmatch(subaccount):
            raise bad_request(ErrorCode.ILLEGAL_SUBACCOUNT, "Invalid subAccountId")
        if subaccount != self._subaccount:
            raise bad_request(
                ErrorCode.ILLEGAL_SUBACCOUNT,
                "Provided subAccountId doesn't belongs to your account",
            )

    def check_account(self, request: Request) -> None:
        """Check the key and the path's ``accountId``.

        Raises:
            ApiError: 401, code 1200: not our key. 403, code 1201: not our account.
        """
        self._check_key(request)
        if request.path_params["account"] != self._account:
            raise ApiError(403, ErrorCode.FORBIDDEN, "Access to this account is forbidden")

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._expected):
            raise ApiError(401, ErrorCode.UNAUTHORIZED, "Request was not authenticated properly")
