from __future__ import annotations

import pytest
from pyiceberg.manifest import DataFile

from reference.reading import _culprit, _without_secrets


@pytest.mark.parametrize("name", ["py-io-impl", "warehouse", "type", "s3.endpoint", "s3.region", "client.region"])
def test_values_of_harmless_properties_may_be_said(name: str) -> None:
    assert _without_secrets("cannot reach harmless", {name: "harmless"}) == "cannot reach harmless"


def test_secrets_are_blotted_out_the_longest_first() -> None:
    properties = {"a": "hush", "b": "hush-hush", "c": "no!", "d": 12345}
    assert _without_secrets("hush-hush, hush, no! and 12345", properties) == "***, ***, no! and ***"


def _fail(path: str, named: str = "data_file") -> BaseException:
    try:
        if named == "data_file":
            data_file = DataFile.from_args(file_path=path)
            raise OSError(data_file)
        other = DataFile.from_args(file_path=path)
        raise OSError(other)
    except OSError as error:
        return error


def test_the_culprit_is_the_file_that_a_frame_holds() -> None:
    paths = ("data", "delete 1", "delete 2")
    assert _culprit(_fail("delete 2").__traceback__, paths) == "delete 2"
    assert _culprit(_fail("delete 2", "other").__traceback__, paths) == "data"
    assert _culprit(_fail("some other").__traceback__, paths) == "data"
    assert _culprit(None, paths) == "data"
