from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest
import requests
from simulator_api import Api, codes, sms, wait_for

from bulksender.simulator import Fault, FaultKind, Simulator


def inspect(api: Api, path: str) -> requests.Response:
    """Ask without a key."""
    return requests.get(f"{api.sim.base_url}/_simulator/{path}", timeout=5)


def test_another_process_can_read_the_messages(api: Api) -> None:
    api.batch(sms(clientMessageId="r:1", expiry="2026-03-03T00:00:00Z"))
    (message,) = inspect(api, "messages").json()
    assert message["umid"] == api.sim.messages[0].umid
    assert (message["client_message_id"], message["text"]) == ("r:1", "Hello 1")
    assert message["expiry"] == "2026-03-03T00:00:00Z"


def test_another_process_can_read_the_posts(api: Api) -> None:
    api.batch(sms(), clientBatchId="b1")
    api.batch_body(b"not json \xff")
    good, broken = inspect(api, "posts").json()
    assert (good["number"], good["accepted"], good["status"]) == (1, True, 200)
    assert good["body"]["clientBatchId"] == "b1"
    assert broken["body"] == "not json \ufffd"
    assert "authorization" not in good["headers"]


def test_another_process_can_plan_faults(api: Api) -> None:
    url = f"{api.sim.base_url}/_simulator/faults"
    assert requests.post(url, json={"fault": "internal@2"}, timeout=5).status_code == 204
    assert [api.batch(sms()).status_code for _ in range(3)] == [200, 500, 200]


@pytest.mark.parametrize("body", [{"fault": "explode"}, {"fault": 3}, {}])
def test_unknown_fault_is_not_planned(api: Api, body: object) -> None:
    url = f"{api.sim.base_url}/_simulator/faults"
    assert codes(requests.post(url, json=body, timeout=5)) == (400, 1000)


def test_taken_port_is_named_in_the_error(api: Api) -> None:
    port = int(api.sim.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}"):
        Simulator(port=port).start()


def test_impossible_port_is_named_in_the_error() -> None:
    with pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1:70000"):
        Simulator(port=70_000).start()


def test_simulator_listens_on_loopback_alone(api: Api) -> None:
    assert api.sim.base_url.startswith("http://127.0.0.1:")
    port = int(api.sim.base_url.rpartition(":")[2])
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=1):
        pass


def test_second_start_is_an_error(api: Api) -> None:
    with pytest.raises(RuntimeError, match="already running"):
        api.sim.start()


def test_base_url_needs_a_start() -> None:
    with pytest.raises(RuntimeError, match="start it first"):
        _ = Simulator().base_url


def test_stop_twice_or_without_start_does_nothing() -> None:
    sim = Simulator()
    sim.stop()
    sim.start()
    sim.stop()
    sim.stop()


def test_stopped_simulator_keeps_its_records_and_refuses_connections() -> None:
    with Simulator() as sim:
        api = Api(sim)
        api.batch(sms())
    with pytest.raises(requests.ConnectionError):
        api.batch(sms())
    api.session.close()
    assert len(sim.messages) == 1


def test_simulator_started_again_has_its_old_port_and_records() -> None:
    sim = Simulator()
    with sim:
        first = sim.base_url
        api = Api(sim)
        api.batch(sms(1))
    with sim:
        assert sim.base_url == first
        assert api.batch(sms(2)).status_code == 200
    api.session.close()
    assert len(sim.messages) == 2


def test_stop_is_quick_and_quiet_while_an_answer_is_due(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures: list[str] = []

    def post(api: Api) -> None:
        try:
            api.batch(sms())
        except requests.ConnectionError as error:
            failures.append(str(error))

    with caplog.at_level(logging.DEBUG), Simulator() as sim:
        sim.inject(Fault(FaultKind.SLOW, seconds=60))
        api = Api(sim)
        thread = threading.Thread(target=post, args=(api,))
        thread.start()
        wait_for(lambda: len(sim.messages) == 1)
        began = time.monotonic()
        sim.stop()
        assert time.monotonic() - began < 0.5
        thread.join()
        api.session.close()
    assert len(failures) == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_no_log_has_a_number_or_a_text(
    start: Callable[..., Api], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        api = start(reject={"+6591000002": "Blocked"})
        api.batch(sms(1), sms(2), sms(3, text=""))
        api.batch(sms(1, encoding="?"))
    assert "91000" not in caplog.text
    assert "Hello" not in caplog.text


def test_signal_handlers_are_left_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Simulator():
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert during == before


def test_many_clients_are_served_at_once(start: Callable[..., Api]) -> None:
    api = start(latency=0.05)
    threads = [threading.Thread(target=api.batch, args=(sms(n),)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(api.sim.messages) == 8
    assert sorted(post.number for post in api.sim.posts) == list(range(1, 9))


def test_thousand_messages_take_little_of_the_shared_interpreter(api: Api) -> None:
    """Within ten times what it takes on a laptop: it guards against a slip, not a slow machine."""
    messages = [sms(text="Hello, your order is ready. " * 5) for _ in range(1000)]
    api.batch(*messages)
    began = time.process_time()
    api.batch(*messages)
    assert time.process_time() - began < 0.25
