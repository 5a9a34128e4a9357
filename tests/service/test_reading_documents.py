"""Documents read and written over both databases: announcements, headlines, the command's and the route's one path."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from api.reads import Run, read
from api.settings import ApiSettings
from graph.projection import Projection
from ingest.documents import read as documents
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.readings import withdraw_document
from nlp.reader import FULL
from queries.owners import owners
from queries.timeline import timeline

sys.path.insert(0, str(Path(__file__).parents[1]))

import announcements

TODAY = dt.date(2026, 6, 30)
COMPANY = announcements.Listed("云岭重工股份有限公司", "600001")
WORLD = {
    "Company": [
        {"id": "c", "name": COMPANY.name, "short_name": "云岭重工", "code": "600001.SH"},
        {"id": "h", "name": "云岭控股集团有限公司"},
        {"id": "p", "name": "南岭电力投资有限公司"},
        {"id": "m", "name": "泠川医药股份有限公司", "short_name": "泠川医药", "code": "600002.SH"},
    ]
}


@pytest.fixture
def folder(tmp_path):
    """Three announcements, ten headlines, and a picture that nobody can read."""
    place = tmp_path / "documents"
    place.mkdir()
    announcements.three_announcements(place, COMPANY, "云岭控股集团有限公司", "南岭电力投资有限公司")
    lines = [
        {"id": f"n{n}", "text": f"泠川医药：中标{n}亿元采购项目", "date": f"2026-05-{n:02}", "kind": "news"}
        for n in range(1, 11)
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (place / "headlines.jsonl").write_text(text, encoding="utf-8")
    (place / "scan.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    return place


@pytest.fixture
def options(tmp_path):
    return LoadOptions(today=TODAY, rejects=tmp_path / "rejects")


@pytest.fixture
def loaded(store, tmp_path, options):
    """The store with four companies."""
    paths = []
    for label, rows in WORLD.items():
        paths.append(tmp_path / f"{label}.jsonl")
        paths[-1].write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    load(store, Native(), paths, options)
    return store


def test_announcements_and_headlines_reach_the_profile_and_go_again(loaded, settings, folder, options):
    """Holders, events with their sentence; a second reading writes nothing; a withdrawal takes its own back."""
    projection = Projection.open(loaded, settings)
    empty = projection.digest()
    found = read(documents(folder), Run(projection.view(frozenset()), FULL, (), loaded, options))
    assert len(found.documents) == 13
    assert [(one.file, "picture" in one.reason) for one in found.unreadable] == [("scan.png", True)]
    assert found.written.changed > 0
    assert found.written.rejected == 0

    projection.refresh()
    view = projection.view(frozenset(), TODAY)
    held = {owner.name: owner.integrated_ratio for owner in owners(view, COMPANY.code + ".SH").terminals}
    assert held["云岭控股集团有限公司"] == pytest.approx(0.352)
    told = [change for change in timeline(view, "600002.SH").items if "中标" in str(change.properties)]
    assert told
    kinds = {change.type for change in timeline(view, COMPANY.code + ".SH").items}
    assert {"Event", "HOLDS"} <= kinds

    before = projection.digest()
    again = read(documents(folder), Run(view, FULL, (), loaded, options))
    projection.refresh()
    assert again.written.changed == 0
    assert projection.digest() == before

    for line in found.documents:
        withdraw_document(loaded, line.key, options)
    projection.refresh()
    assert projection.digest() == empty


@pytest.mark.usefixtures("loaded")
def test_texts_over_http(settings):
    """Short texts are answered at once, many as a job; walls hold for what is posted behind them."""
    api = ApiSettings(**settings.model_dump())
    tokens = {
        name: {"Authorization": f"Bearer {auth.add_token(api.tokens_path, name, clearance=clearance)}"}
        for name, clearance in (("anna", ("deal:a",)), ("boris", ()))
    }
    text = {"text": "泠川医药：控股股东质押300万股", "published": "2026-05-05"}
    with TestClient(create_app(api)) as client:
        refused = client.post(
            "/v1/documents", json={"documents": [text], "compartments": ["deal:a"]}, headers=tokens["boris"]
        )
        assert refused.status_code == 422
        body = {"documents": [text], "compartments": ["deal:a"]}
        [line] = client.post("/v1/documents", json=body, headers=tokens["anna"]).json()["documents"]
        assert line["reading"]["events"][0]["type"] == "pledge"
        seen = {
            name: _when_there(client, f"/v1/documents/{line['id']}", tokens[name], wait=name == "anna")
            for name in tokens
        }
        assert (seen["anna"], seen["boris"]) == (200, 404)

        many = {
            "documents": [{"text": f"泠川医药：中标{n}亿元项目"} for n in range(1, 31)],
            "profile": "live",
        }
        started = client.post("/v1/documents", json=many, headers=tokens["boris"])
        assert started.status_code == 202
        place = started.headers["location"]
        assert client.get(place, headers=tokens["anna"]).status_code == 404
        for _ in range(600):
            job = client.get(place, headers=tokens["boris"]).json()
            if job["state"] in {"done", "failed"}:
                break
            time.sleep(0.1)
        assert (job["state"], job["done"], len(job["result"]["documents"])) == ("done", 30, 30)
        for bad in (
            {},
            {"documents": []},
            {"documents": [{"txt": "x"}]},
            {"documents": [{"text": "x", "published": "1900-02-30"}]},
        ):
            assert client.post("/v1/documents", json=bad, headers=tokens["boris"]).status_code == 422


def _when_there(client, path, headers, *, wait):
    """The status of a route, once what was written is served."""
    for _ in range(100 if wait else 1):
        status = client.get(path, headers=headers).status_code
        if status == 200:
            break
        time.sleep(0.1)
    return status
