"""The templates of the reports: each shows the text as it will be read, beside the module that fills it in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

__all__ = ["template"]


@cache
def template(name: str, *filters: Callable[..., str], escaped: bool = False) -> Template:
    """Return a template by its path from this folder.

    Filters go by the names of their functions. They write whatever is not known beforehand; only where it is
    ``escaped`` as HTML may a text stand by itself.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {each.__name__.lstrip("_"): each for each in filters}
    return environment.get_template(name)
