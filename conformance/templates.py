"""Templates of texts: each shows the text as it will be read, and stands beside the module that fills it in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

__all__ = ["template"]


@cache
def template(module: str, name: str, *filters: Callable[..., str], escaped: bool = False) -> Template:
    """Return the template of that name in the folder of a module, which is given as its ``__file__``.

    Filters go by the names of their functions. They write whatever is not known beforehand; only where it is
    ``escaped`` as HTML may a text stand by itself.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(module).parent),
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {each.__name__.lstrip("_"): each for each in filters}
    return environment.get_template(name)
