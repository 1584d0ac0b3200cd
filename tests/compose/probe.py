"""Try to be let in by Dask's processes; prints the addresses that answer.

python probe.py FOLDER host:port… — FOLDER has the certificate to show, ca.pem, cluster.pem and cluster.key, or is empty
for none. Needs the standard library alone, so that it runs in any container.
"""

import socket
import ssl
import sys
from pathlib import Path

SECONDS = 5


def answers(host: str, port: int, context: ssl.SSLContext | None) -> bool:
    """Whether the other side greets instead of hanging up, as Dask greets those that may run code."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as connection:
            if context is None:
                # Eight bytes of a frame's length, as Dask's own clients begin.
                connection.sendall(bytes(8))
                return bool(connection.recv(1))
            with context.wrap_socket(connection) as wrapped:
                return bool(wrapped.recv(1))
    except OSError:
        return False


def contexts(folder: str) -> list[ssl.SSLContext | None]:
    """With the certificate of the folder; without one, over TLS and plainly."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if not folder:
        return [context, None]
    context.load_cert_chain(Path(folder, "cluster.pem"), Path(folder, "cluster.key"))
    return [context]


def main(folder: str, *addresses: str) -> None:
    """Print each address that answers."""
    for address in addresses:
        host, _, port = address.rpartition(":")
        if any(answers(host, int(port), context) for context in contexts(folder)):
            print(address)  # noqa: T201 - the result


if __name__ == "__main__":
    main(*sys.argv[1:])
