import socket

import pytest

from service.http.listening import ListenError, listen


def test_a_port_in_use_is_named() -> None:
    (listener,) = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    with listener, pytest.raises(ListenError, match=f"Port {port} of 127.0.0.1 is in use"):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_named(host: str) -> None:
    with pytest.raises(ListenError, match="TRAINYARD_HOST"):
        listen(host, 0)


def test_all_addresses_of_a_host_have_one_port() -> None:
    listeners = listen("localhost", 0)
    assert len({listener.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        listener.close()


def test_what_is_accepted_sends_small_answers_at_once() -> None:
    (listener,) = listen("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
