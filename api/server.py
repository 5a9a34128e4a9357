"""Serving the API with uvicorn."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.supervisors import Multiprocess

from api import console
from api.settings import ApiSettings
from graph.errors import InvalidInput
from graph.settings import PREFIX

Banner = Callable[[str], None]


def serve(  # noqa: PLR0913  # each is an option of the command
    settings: ApiSettings,
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    any_port: bool = False,
    banner: Banner | None = None,
) -> None:
    """Answer until interrupted.

    Args:
        settings: Of the service; host, port and workers where the arguments are absent.
        host: Address to listen on.
        port: Port to listen on; 0 is any free one.
        workers: How many processes.
        any_port: Take any free port where the one of the settings is taken.
        banner: Told the address, once it is known.

    Raises:
        InvalidInput: The address cannot be had.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    host, port, workers = (
        host or settings.host,
        settings.port if port is None else port,
        workers or settings.workers,
    )
    listener = _listen(host, port, any_port=any_port)
    (banner or _announce)(f"http://{host}:{listener.getsockname()[1]}")
    config = _config(settings, workers)
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        _export(settings)
        Multiprocess(config, sockets=[listener]).run()


def _config(settings: ApiSettings, workers: int) -> uvicorn.Config:
    from api.app import create_app  # noqa: PLC0415  # compiles kernels; the parent of several workers needs none

    target = "api.app:create_app" if workers > 1 else lambda: create_app(settings)
    return uvicorn.Config(
        target, factory=True, workers=workers, access_log=False, log_config=None, server_header=False
    )


def _export(settings: ApiSettings) -> None:
    """Workers read the settings from the environment, as their parent did, but for what its options changed."""
    os.environ[f"{PREFIX}DATA_DIR"] = str(settings.data_dir)


def _listen(host: str, port: int, *, any_port: bool) -> socket.socket:
    try:
        return _bound(host, port)
    except OSError as error:
        if any_port:
            return _bound(host, 0)
        raise InvalidInput(
            "port",
            f"无法监听 {host}:{port} / cannot listen on {host}:{port}: {error.strerror}",
            hint="用 --port 指定其他端口 / name another port with --port",
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio sets TCP_NODELAY; without it an answer's body waits 40 ms for an ACK
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.set_inheritable(True)
    except BaseException:
        listener.close()
        raise
    return listener


def _announce(url: str) -> None:
    console.err().print(f"服务地址 serving at {url}", markup=False)
