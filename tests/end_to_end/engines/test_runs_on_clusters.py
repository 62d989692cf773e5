"""Runs on a cluster come to what a local run comes to, whatever happens to the cluster meanwhile."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
import venv
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from benchmarks.running import COMMAND, ONE_CLAUSE, adapter, command, ends, started
from tests.end_to_end.engines.hosts import hosts
from tests.end_to_end.engines.running_clusters import CLUSTERS, Place

LIMIT = 240.0
# Of a run with one clause, the unit that misbehaves in these tests.
UNIT = "examples-1-of-1"
EACH = [pytest.param(name, id=name, marks=pytest.mark.xdist_group(f"{name} runs")) for name in CLUSTERS]


@pytest.fixture(scope="module", params=EACH)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a cluster with two slots."""
    with CLUSTERS[request.param]() as found:
        yield found


def judged(report: dict[str, Any]) -> Any:
    """Return what a run has found: verdicts, counts and violations, but not how long it took."""
    clauses = [
        (clause["id"], clause["verdict"], clause["examples"], clause["transports"]) for clause in report["clauses"]
    ]
    violations = sorted((each["id"], sorted(each["transports"])) for each in report["violations"])
    return clauses, violations, report["generated"], report["run"]["ended"], report["outcome"]


@cache
def found_locally(folder: Path, *arguments: str) -> Any:
    ran = command(*arguments, "--json", "local.json", cwd=folder)
    assert (folder / "local.json").is_file(), ran.stdout + ran.stderr
    return judged(json.loads((folder / "local.json").read_text()))


@pytest.fixture(scope="session")
def local_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


def run_on(url: str, folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the command on a cluster; return how it ended, and its report."""
    ran = command(*arguments, "--on", url, "--json", "report.json", cwd=folder)
    assert (folder / "report.json").is_file(), ran.stdout + ran.stderr
    return ran, json.loads((folder / "report.json").read_text() or "{}")


@pytest.mark.parametrize("loader", ["reference", "conformance.adapters.specimens:filter-dropped"])
def test_same_as_a_local_run(url: str, loader: str, tmp_path: Path, local_folder: Path) -> None:
    chosen = ["run", "--profile", "smoke", "--clause", "CTX", "--clause", "ID", "--adapter", loader]
    locally = found_locally(local_folder, *chosen)
    ran, report = run_on(url, tmp_path, *chosen)
    assert judged(report) == locally, ran.stdout + ran.stderr
    assert ran.returncode == report["outcome"]["exit_code"] == (0 if loader == "reference" else 1)
    assert ran.stdout.split("\n")[0].strip().startswith(f"cluster  {url}: ")
    assert "slots for units of work: 2" in ran.stdout.split("\n")[0]


# What goes before `build` in an adapter: it finds out which unit this process does, and who watches over it.
WHERE = """
import json, pathlib, signal, time, uuid
def unit():
    task = pathlib.Path(os.environ["TMPDIR"], "task.json")
    return json.loads(task.read_text())["unit"] if task.exists() else None
def above():
    pids, pid = [], os.getpid()
    while pid > 1:
        pids.append(pid)
        if b"supervisor" in pathlib.Path(f"/proc/{{pid}}/cmdline").read_bytes():
            return pids, int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rsplit(")", 1)[1].split()[1])
        pid = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return pids, None
"""
KILLS = (
    WHERE
    + """
def build(materials):
    done = pathlib.Path("{folder}")
    worker = above()[1]
    if unit() == "{unit}" and worker and len(list(done.iterdir())) < {times}:
        (done / uuid.uuid4().hex).touch()
        os.kill({whom}, signal.SIGKILL)
        time.sleep(600)
    return REFERENCE.build(materials)
"""
)


def killing(folder: Path, whom: str, times: int) -> tuple[str, Path]:
    """Write an adapter that kills so often; return its name, and the folder in which it counts."""
    counted = folder / "kills"
    counted.mkdir()
    body = KILLS.format(folder=counted, unit=UNIT, times=times, whom=whom)
    return adapter(folder, "build=build", body), counted


@pytest.mark.parametrize("whom", ["worker", "os.getppid()", "os.getpid()"], ids=["worker", "watch", "unit"])
def test_unit_that_is_lost_is_done_again(url: str, whom: str, tmp_path: Path, local_folder: Path) -> None:
    locally = found_locally(local_folder, *ONE_CLAUSE)
    file, kills = killing(tmp_path, whom, 1)
    ran, report = run_on(url, tmp_path, *ONE_CLAUSE, "--adapter", file)
    assert len(list(kills.iterdir())) == 1
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (mine, *counts, _), (theirs, *others, _) = judged(report), locally
    assert (mine, counts) == (theirs, others)


def test_unit_that_always_kills_its_process_is_named(url: str, tmp_path: Path) -> None:
    file, kills = killing(tmp_path, "os.getpid()", 100)
    ran, report = run_on(url, tmp_path, *ONE_CLAUSE, "--adapter", file)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert len(list(kills.iterdir())) == 3
    (error,) = report["outcome"]["errors"]
    assert error.startswith(f"{UNIT}:\n")
    assert "it may be the loader" in error
    assert "was killed by SIGKILL" in error
    assert report["run"]["ended"] == report["run"]["units"] - 1


def test_unit_that_always_kills_its_worker_is_named(url: str, tmp_path: Path) -> None:
    file, kills = killing(tmp_path, "worker", 100)
    ran, report = run_on(url, tmp_path, *ONE_CLAUSE, "--adapter", file)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert len(list(kills.iterdir())) >= 3
    assert any(UNIT in error and "it may be the loader" in error for error in report["outcome"]["errors"])


HANGS = (
    WHERE
    + """
def build(materials):
    if unit():
        pathlib.Path("{folder}", str(os.getpid())).touch()
        for pid in above()[0]:
            pathlib.Path("{folder}", str(pid)).touch()
        time.sleep(600)
    return REFERENCE.build(materials)
"""
)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_nothing_stays_of_a_run_that_is_ended(url: str, ending: signal.Signals, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    file = adapter(tmp_path, "build=build", HANGS.format(folder=pids))
    arguments = [*ONE_CLAUSE, "--adapter", file, "--on", url, "--json", "report.json"]
    with started(*arguments, cwd=tmp_path) as running:
        deadline = time.monotonic() + LIMIT
        while len(list(pids.iterdir())) < 4:  # of two units, each with its watch
            assert time.monotonic() < deadline, running.text()
            assert running.process.poll() is None, running.text()
            running.look()
            time.sleep(0.2)
        os.kill(running.process.pid, ending)
        code = running.wait()
        assert running.left() == []
    deadline = time.monotonic() + 60
    while left := [pid for pid in (int(mark.name) for mark in pids.iterdir()) if not ends(pid)]:
        assert time.monotonic() < deadline, f"{left} stay"
        time.sleep(0.2)
    if ending is signal.SIGINT:
        assert code == 3, running.text()
        assert "interrupted" in running.text().splitlines()[-1]
        outcome = json.loads((tmp_path / "report.json").read_text())["outcome"]
        assert (outcome["exit_code"], outcome["complete"]) == (3, False)


TELLS_WHERE = """
with open("{log}", "a") as log:
    log.write(f"{{os.environ['TMPDIR']}}\\t{{__file__}}\\t{{os.readlink('/proc/self/ns/net')}}\\n")
"""


def told(log: Path) -> list[tuple[str, str, str]]:
    """Return the folder of temporary files, the adapter's file and the network of each process that has loaded it."""
    lines = (line.split("\t") for line in log.read_text().splitlines())
    return [(folder, file, network) for folder, file, network in lines]


def test_adapter_is_sent_with_its_unit(url: str, tmp_path: Path) -> None:
    file = adapter(tmp_path, "split_id=REFERENCE.split_id", TELLS_WHERE.format(log=tmp_path / "log"))
    ran, _ = run_on(url, tmp_path, *ONE_CLAUSE, "--adapter", file)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    own = str(tmp_path / file)
    lines = told(tmp_path / "log")
    assert len({folder for folder, found, _ in lines if found == own}) == 1  # the driver's alone
    sent = {found for _, found, _ in lines} - {own}
    assert len(sent) == 3  # one for each unit
    assert all(found.endswith(f"/adapter/{file}") for found in sent)


def test_baseline_is_sent_with_its_unit(url: str, tmp_path: Path) -> None:
    loader = ["--adapter", "conformance.adapters.specimens:filter-dropped"]
    chosen = ["run", "--profile", "smoke", "--clause", "CTX-1", "--transport", "pickle-5", *loader]
    ran, _ = run_on(url, tmp_path, *chosen, "--baseline-write", "known.toml")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    ran, report = run_on(url, tmp_path, *chosen, "--baseline", "known.toml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [clause["verdict"] for clause in report["clauses"] if clause["id"] == "CTX-1"] == ["known"]


def test_adapter_that_is_not_installed_there(url: str, tmp_path: Path) -> None:
    shutil.move(tmp_path / adapter(tmp_path, "split_id=REFERENCE.split_id"), tmp_path / "only_here.py")
    ran, report = run_on(url, tmp_path, *ONE_CLAUSE, "--adapter", "only_here:ADAPTER")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    (error,) = report["outcome"]["errors"]
    assert f"On {platform.node()} (" in error
    assert "No module named 'only_here'" in error
    assert "Install there what is missing" in error


@pytest.mark.xdist_group("dask runs")
@pytest.mark.parametrize("engine", CLUSTERS)
def test_who_answers_is_no_cluster(engine: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        ran = command(*ONE_CLAUSE, "--on", f"{engine}://{address}", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert f"--on {engine}://{address}: " in ran.stderr
    assert "Traceback" not in ran.stderr
    ran = command(*ONE_CLAUSE, "--on", f"{engine}://{address}", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert f"nobody answers at {address}" in ran.stderr


def without_the_suite(folder: Path) -> Place:
    """A worker whose interpreter has the engine and not the suite."""
    made = folder / "bare"
    venv.create(made, with_pip=False)
    (packages,) = made.glob("lib/python*/site-packages")
    import distributed

    # A path that stands in a .pth is not searched for further ones, and so not for the suite, which is editable here.
    (packages / "engines.pth").write_text(str(Path(distributed.__file__).parent.parent))
    return Place(python=str(made / "bin" / "python"))


def with_another_version(folder: Path) -> Place:
    """A worker on which another version of the suite is installed."""
    told = folder / "other" / "dataloader_conformance-99.1.dist-info" / "METADATA"
    told.parent.mkdir(parents=True)
    told.write_text("Metadata-Version: 2.1\nName: dataloader-conformance\nVersion: 99.1\n")
    return Place(environment={"PYTHONPATH": str(folder / "other")})


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("place", "says"),
    [(without_the_suite, "is not installed: install version"), (with_another_version, "is installed in version 99.1")],
    ids=["missing", "other version"],
)
def test_suite_that_is_not_the_same_there(engine: str, place: Any, says: str, tmp_path: Path) -> None:
    with CLUSTERS[engine]([place(tmp_path)]) as url:
        ran, report = run_on(url, tmp_path, *ONE_CLAUSE)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    (error,) = report["outcome"]["errors"]
    assert error.splitlines()[1].startswith(f"On {platform.node()} (")
    assert f"dataloader-conformance {says}" in error
    assert version("dataloader-conformance") in error


def has_namespaces() -> bool:
    """Whether hosts can be made here: on Linux, as root, with iproute2."""
    return shutil.which("ip") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.skipif(not has_namespaces(), reason="network namespaces need Linux, root and iproute2")
def test_units_are_done_on_other_hosts(engine: str, tmp_path: Path) -> None:
    file = adapter(tmp_path, "split_id=REFERENCE.split_id", TELLS_WHERE.format(log=tmp_path / "log"))
    with hosts("driver", "one", "two") as (driver, *workers):
        places = [Place.on(worker) for worker in workers]
        with CLUSTERS[engine](places, Place.on(driver)) as url:
            run = driver.command(*COMMAND, *ONE_CLAUSE, "--adapter", file, "--on", url)
            ran = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 workers, slots for units of work: 2" in ran.stdout
    networks = {network for _, _, network in told(tmp_path / "log")}
    assert len(networks) == 3
    assert str(Path("/proc/self/ns/net").readlink()) not in networks
