"""The peer of the profile route: the least that FastAPI can do, which is to return a model that lies ready.

`python benchmarks/ready_made.py` listens on a free port and prints its address. `PUT /ready` takes lines of an id and
a profile's JSON, and keeps the profiles as models; `GET /profiles/{id}` returns one from a plain function, as the
product's routes are, and `GET /async-profiles/{id}` from a coroutine, which saves the hop to a thread.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from fastapi import FastAPI, Request

from queries.profile_lines import Profile


def create_app() -> FastAPI:
    """The application."""
    app = FastAPI()
    ready: dict[str, Profile] = {}

    @app.put("/ready")
    async def take(request: Request) -> int:
        ready.clear()
        for line in (await request.body()).splitlines():
            key, _, body = line.partition(b" ")
            ready[key.decode()] = Profile.model_validate_json(body)
        return len(ready)

    @app.get("/profiles/{id}")
    def plain(id: str) -> Profile:  # noqa: A002  # as the product's route names it
        return ready[id]

    @app.get("/async-profiles/{id}")
    async def coroutine(id: str) -> Profile:  # noqa: A002
        return ready[id]

    return app


def main() -> None:
    """Serve with the settings that `guanxi serve` gives uvicorn, see api/server.py."""
    # The protocol has to be named: asyncio turns Nagle's delay off only where it is, and answers would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(create_app(), access_log=False, log_config=None, server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
