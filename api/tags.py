"""Routes about tags, tiers and the rules that conclude them."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from api import parameters
from api.settings import ApiSettings
from api.wire import answer, responses, view_of
from graph.errors import DataError, InvalidInput
from queries import client_tiers, rule_changes, tags
from queries.rule_sets import RuleBook, RuleSet
from queries.rule_sets import changed as with_file

SetName = Annotated[str, Path(description="Name of a rule set.", max_length=40, examples=["tags"])]


class _Routes:
    """The routes over the rules of a folder."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book

    def tags(
        self,
        request: Request,
        id: parameters.Ref,  # noqa: A002
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """What the rules in force say on the day, each tag with evidence; and the tags on file with their dates."""
        return answer(request, tags.tags(view_of(request, asked), id, self._book.current()))

    def tiers(
        self,
        request: Request,
        id: parameters.Ref,  # noqa: A002
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """The tier on the day with the parts of its score, and the moves on file with their reasons."""
        return answer(request, client_tiers.client_tiers(view_of(request, asked), id, self._book.current()))

    def rules(self, request: Request) -> Response:
        """The rule sets in force; where the files were changed and are broken, the last good ones, and why."""
        return answer(request, rule_changes.rule_sets(self._book))

    def dry_run(
        self,
        request: Request,
        set: SetName,  # noqa: A002
        wanted: Annotated[rule_changes.DryRunRequest, Body()],
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """Who would enter and leave each tag and tier with a changed rule file; nothing is written."""
        now = self._book.current().named(set)
        then = _changed(now, wanted)
        found = rule_changes.dry_run(view_of(request, asked), now, then, everybody=wanted.everybody)
        return answer(request, found)


def _changed(now: RuleSet, wanted: rule_changes.DryRunRequest) -> RuleSet:
    try:
        return with_file(now, json.dumps(wanted.rules, ensure_ascii=False), now.file, wanted.bands)
    except DataError as error:
        raise InvalidInput("rules", error.message, hint=error.hint) from error


def router(settings: ApiSettings) -> APIRouter:
    """The routes; the rules are those of the settings' folder, read again when a file changes."""
    routes = _Routes(RuleBook(settings.rules_dir))
    made = APIRouter(prefix="/v1", tags=["entity"], default_response_class=Response)
    made.get(
        "/entities/{id}/tags",
        summary="Its tags with evidence, now and on file",
        responses=responses(tags.Tags, 401, 404, 409, 422, 503),
    )(routes.tags)
    made.get(
        "/entities/{id}/tiers",
        summary="Its client tier, the parts of the score, and its moves",
        responses=responses(client_tiers.ClientTiers, 401, 404, 409, 422, 503),
    )(routes.tiers)
    made.get(
        "/rules", summary="The rule sets in force", responses=responses(rule_changes.RuleSets, 401, 422, 503)
    )(routes.rules)
    made.post(
        "/rules/{set}/dry-run",
        summary="What a changed rule file would change",
        responses=responses(rule_changes.DryRun, 401, 404, 413, 422, 503),
    )(routes.dry_run)
    return made
