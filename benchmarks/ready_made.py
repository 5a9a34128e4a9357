"""The peer of a route: the least that FastAPI can do, which is to return a model that lies ready.

`python benchmarks/ready_made.py profile|360` listens on a free port and prints its address. `PUT /ready` takes lines of
an id and the JSON of a profile or a customer 360, and keeps them as models; `GET /models/{id}` returns one from a plain
function, as the product's routes are, and `GET /async-models/{id}` from a coroutine, which saves the hop to a thread.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

from queries.customer_360_lines import Customer360
from queries.profile_lines import Profile

MODELS: Final[Mapping[str, type[BaseModel]]] = {"profile": Profile, "360": Customer360}


def create_app(model: type[BaseModel]) -> FastAPI:
    """The application."""
    app = FastAPI()
    ready: dict[str, BaseModel] = {}

    @app.put("/ready")
    async def take(request: Request) -> int:
        ready.clear()
        for line in (await request.body()).splitlines():
            key, _, body = line.partition(b" ")
            ready[key.decode()] = model.model_validate_json(body)
        return len(ready)

    @app.get("/models/{id}", response_model=model)
    def plain(id: str) -> BaseModel:  # noqa: A002  # as the product's route names it
        return ready[id]

    @app.get("/async-models/{id}", response_model=model)
    async def coroutine(id: str) -> BaseModel:  # noqa: A002
        return ready[id]

    return app


def main() -> None:
    """Serve with the settings that `guanxi serve` gives uvicorn, see api/server.py."""
    # The protocol has to be named: asyncio turns Nagle's delay off only where it is, and answers would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(
        create_app(MODELS[sys.argv[1]]), access_log=False, log_config=None, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
