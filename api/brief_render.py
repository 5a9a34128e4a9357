"""A brief as one HTML file without anything from elsewhere, and as PDF with its own Chinese face.

No name can do anything but be read: HTML is escaped by jinja2, and typst is given the whole brief as JSON, whose texts
it sets as they are and never reads as markup.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import threading
from pathlib import Path
from typing import Final

import typst
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.brief_pages import Brief
from graph.errors import GuanxiError

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "templates"
_FONTS: Final = _HERE / "fonts"
_ONE_AT_A_TIME: Final = threading.Lock()
"""typst keeps a cache for the process; one brief takes a fraction of a second."""


def html(brief: Brief) -> str:
    """The brief as one HTML file."""
    return _environment().get_template("brief.html.jinja").render(brief=brief)


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def pdf(brief: Brief) -> bytes:
    """The brief as PDF, the same bytes for the same brief. Raises GuanxiError where typst cannot set it."""
    data = json.dumps(dataclasses.asdict(brief), ensure_ascii=False)
    try:
        with _ONE_AT_A_TIME:
            compiler = typst.Compiler(
                (_TEMPLATES / "brief.typ").read_bytes(),
                root=_TEMPLATES,
                font_paths=_fonts(),
                ignore_system_fonts=True,
                sys_inputs={"brief": data},
            )
            made = compiler.compile(format="pdf", timestamp=0)
    except RuntimeError as error:
        raise GuanxiError(f"无法生成 PDF / the PDF could not be made: {error}") from error
    if not isinstance(made, bytes):
        raise GuanxiError("无法生成 PDF / the PDF could not be made: typst gave no file")
    return made


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FONTS])
