"""The code that sends a split as a transport does, and looks at it where it arrives."""

from __future__ import annotations

from conformance.report.reproducers.sources import Embedding
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import AS_BUILT

__all__ = ["through_code"]

_HERE = '''
def through(split, trips={trips}):
    """{doc}"""
    for _ in range(trips):
        split = {sent}
    return looked(split)
'''

_OUT_OF_BAND = """
def out_of_band(split):
    buffers = []
    payload = pickle.dumps(split, 5, buffer_callback=buffers.append)
    return pickle.loads(payload, buffers=[bytearray(buffer.raw()) for buffer in buffers])

"""

_FRESH = '''
def through(split, trips={trips}):
    """{doc}"""
    with tempfile.TemporaryDirectory() as folder:
        sent, seen = Path(folder, "sent"), Path(folder, "seen")
        sent.write_bytes({dumped})
        command = [{python}, str(Path(__file__).resolve()), "--look-at", str(sent), str(seen), str(trips - 1)]
        seed = "0" if os.environ.get("PYTHONHASHSEED") != "0" else "1"
        environment = {{**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}}
        subprocess.run(command, cwd=folder, env=environment, check=True, timeout=120)
        outcome, value = pickle.loads(seen.read_bytes())
    if outcome == "raised":
        raise RuntimeError(value)
    return value


def look_at(sent, seen, trips):
    """Look at what has arrived in this process, or send it on."""
    try:
        split = pickle.loads(Path(sent).read_bytes())
        outcome = ("seen", through(split, int(trips)) if int(trips) else looked(split))
    except Exception as error:
        outcome = ("raised", f"{{type(error).__name__}}: {{error}}")
    Path(seen).write_bytes(pickle.dumps(outcome))
'''

_POOL = '''
def look_at(split):
    return looked(split), split


def through(split, trips={trips}):
    """{doc}"""
    with {pool} as pool:
        seen, back = {applied}
    return seen if trips == 1 else looked(back)
'''

_FORK = '''
def look_at(sender, split):
    try:
        sender.send(looked(split))
    except BaseException as error:
        sender.send(f"raises {{type(error).__name__}}: {{error}}")


def through(split, trips={trips}):
    """{doc}"""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=look_at, args=(sender, split), daemon=True)
    child.start()
    try:
        if not receiver.poll(10):
            raise TimeoutError("no answer in 10 s: it hangs")
        return receiver.recv()
    finally:
        child.kill()
'''

_THREADS = '''
def through(split, trips=5):
    """{doc}"""
    own = looked(split)
    for _ in range(30):  # threads meet by chance
        seen = at_once(split, trips)
        if any(value != own for value in seen):
            break
    return next((value for value in seen if value != own), own)


def at_once(split, trips):
    barrier = threading.Barrier(3)

    def travel():
        barrier.wait(60)
        for _ in range(trips):
            arrived = pickle.loads(pickle.dumps(split, pickle.HIGHEST_PROTOCOL))
        return looked(arrived)

    with ThreadPoolExecutor(3) as threads:
        return [running.result(60) for running in [threads.submit(travel) for _ in range(3)]]
'''


def stands_in(transport: str) -> bool:
    """Return whether a script sends through a fresh interpreter in place of this transport."""
    own = (AS_BUILT, "pickle", *(transport.name for transport in TRANSPORTS))
    return transport not in own and not transport.startswith("python:")


def through_code(transport: str, trips: int, embedding: Embedding) -> str:
    """Return the definition of ``through`` for a transport, as near to it as a plain script comes."""
    again = "" if trips == 1 else f", {trips} times in a row"
    if transport == AS_BUILT:
        doc = "Look at the split as it was built: it is not sent."
        return _HERE.format(trips=0, doc=doc, sent="split").strip("\n")
    doc = f"Send it by {transport}{again}, and look at what arrives."
    if transport in ("copy", "deepcopy"):
        embedding.imports.add("import copy")
        return _HERE.format(trips=trips, doc=doc, sent=f"copy.{transport}(split)").strip("\n")
    embedding.imports.add("import pickle")
    if transport == "cloudpickle":
        embedding.imports.add("import cloudpickle")
        return _HERE.format(trips=trips, doc=doc, sent="pickle.loads(cloudpickle.dumps(split))").strip("\n")
    if transport == "pickle-oob":
        return (_OUT_OF_BAND + _HERE.format(trips=trips, doc=doc, sent="out_of_band(split)")).strip("\n")
    if transport.startswith("pickle"):
        protocol = transport.partition("-")[2]
        sent = f"pickle.loads(pickle.dumps(split{', ' + protocol if protocol else ''}))"
        return _HERE.format(trips=trips, doc=doc, sent=sent).strip("\n")
    if transport == "threads":
        embedding.imports |= {"import threading", "from concurrent.futures import ThreadPoolExecutor"}
        return _THREADS.format(doc="Have three threads dump and load it at once, and look at what each has.").strip(
            "\n"
        )
    if transport in ("spawn", "forkserver", "futures", "fork"):
        embedding.imports.add("import multiprocessing")
        doc = f"Send it to a process of multiprocessing ({transport}), and look at it there."
        if transport == "fork":
            return _FORK.format(trips=1, doc=doc.replace("Send it to", "Inherit it in")).strip("\n")
        pool = f'multiprocessing.get_context("{transport}").Pool(1)'
        applied = "pool.apply_async(look_at, (split,)).get(60)"
        if transport == "futures":
            embedding.imports.add("from concurrent.futures import ProcessPoolExecutor")
            pool = 'ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))'
            applied = "pool.submit(look_at, split).result(60)"
        return _POOL.format(trips=trips, doc=doc, pool=pool, applied=applied).strip("\n")
    embedding.imports |= {"import os", "import subprocess", "import sys"}
    dumped = "pickle.dumps(split, pickle.HIGHEST_PROTOCOL)"
    if transport == "worker-cloudpickle":
        embedding.imports.add("import cloudpickle")
        dumped = "cloudpickle.dumps(split)"
    doc = f"Send it to a fresh interpreter{again}, and look at it there."
    if stands_in(transport):
        doc += f" (The suite saw this through: {transport}.)"
    python = repr(transport.removeprefix("python:")) if transport.startswith("python:") else "sys.executable"
    return _FRESH.format(trips=trips, doc=doc, dumped=dumped, python=python).strip("\n")
