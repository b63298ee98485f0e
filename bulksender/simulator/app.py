"""The paths of the 8x8 API and the endpoints behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bulksender.simulator.accounts import Accounts
from bulksender.simulator.answers import REDIRECT_PATH
from bulksender.simulator.errors import ApiError, ErrorCode, error_response
from bulksender.simulator.exports import Exports
from bulksender.simulator.faults import FaultPlan
from bulksender.simulator.inspection import Inspection
from bulksender.simulator.messages import Messages
from bulksender.simulator.sending import Pause, Sending
from bulksender.simulator.settings import Settings
from bulksender.simulator.store import Store

_MESSAGES = "/api/v1/subaccounts/{subaccount}/messages"
_ACCOUNTS = "/api/v1/accounts/{account}"
_ANY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")


def build_app(settings: Settings, store: Store, faults: FaultPlan, pause: Pause) -> Starlette:
    """Return the API as an ASGI application.

    It answers to this machine's names alone, so that no web page can read it through a domain
    name that was made to point here.
    """
    app = Starlette(
        routes=[
            *_sending(Sending(settings, store, faults, pause)),
            *_exports(
                Exports(settings, store, faults)
            ),  # before {umid}, which would match "exports"
            *_messages(Messages(settings, store)),
            *_accounts(Accounts(settings)),
            *_inspection(Inspection(store, faults)),
            Route(REDIRECT_PATH, _redirected(store), methods=_ANY_METHOD),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        exception_handlers={
            ApiError: _api_error,
            HTTPException: _http_error,
            ClientDisconnect: _nobody_there,
        },
    )
    app.router.redirect_slashes = False
    return app


def _sending(sending: Sending) -> list[Route]:
    return [
        Route(f"{_MESSAGES}/batch", sending.post_batch, methods=["POST"]),
        Route(_MESSAGES, sending.post_message, methods=["POST"]),
    ]


def _exports(exports: Exports) -> list[Route]:
    return [
        Route(f"{_MESSAGES}/exports", exports.start_job, methods=["POST"]),
        Route(f"{_MESSAGES}/exports/{{job}}", exports.get_job, methods=["GET"]),
        Route(f"{_MESSAGES}/exports/{{job}}", exports.cancel_job, methods=["DELETE"]),
        Route(
            f"{_MESSAGES}/download/{{token}}", exports.download, methods=["GET"], name="download"
        ),
    ]


def _messages(messages: Messages) -> list[Route]:
    return [
        Route(f"{_MESSAGES}/batch/{{batch}}", messages.cancel_batch, methods=["DELETE"]),
        Route(f"{_MESSAGES}/{{umid}}", messages.get_details, methods=["GET"]),
        Route(f"{_MESSAGES}/{{umid}}", messages.cancel_message, methods=["DELETE"]),
        Route(f"{_MESSAGES}/{{umid}}/pii", messages.delete_personal_data, methods=["DELETE"]),
    ]


def _accounts(accounts: Accounts) -> list[Route]:
    return [
        Route(f"{_ACCOUNTS}/prices", accounts.get_prices, methods=["GET"]),
        Route(f"{_ACCOUNTS}/balance", accounts.get_balance, methods=["GET"]),
        Route(f"{_ACCOUNTS}/webhooks", accounts.get_webhooks, methods=["GET"]),
        Route(f"{_ACCOUNTS}/webhooks", accounts.post_webhooks, methods=["POST"]),
        Route(f"{_ACCOUNTS}/webhooks", accounts.delete_webhooks, methods=["DELETE"]),
    ]


def _inspection(inspection: Inspection) -> list[Route]:
    return [
        Route("/_simulator/messages", inspection.get_messages, methods=["GET"]),
        Route("/_simulator/posts", inspection.get_posts, methods=["GET"]),
        Route("/_simulator/faults", inspection.post_fault, methods=["POST"]),
    ]


def _redirected(store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def count_and_refuse(request: Request) -> Response:
        store.add_redirect_hit()
        raise HTTPException(404)

    return count_and_refuse


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer for an unknown path (404) and a wrong method (405)."""
    assert isinstance(error, HTTPException)
    code = ErrorCode.NOT_FOUND if error.status_code == 404 else ErrorCode.INVALID_PARAMETER
    return error_response(error.status_code, code, error.detail, error.headers)


async def _nobody_there(request: Request, error: Exception) -> Response:
    """Answer nobody: the client left before its request was whole. Not an error of ours."""
    return Response(status_code=400)
