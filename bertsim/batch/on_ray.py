"""Files anywhere that Arrow can read them -> a folder of files, by Ray Data: more rows than one machine gets through.

Ray reads, hands batches to actors, and starts again what a machine that died had in hand; an actor loads the model
once and runs the very table function that runs without Ray; the rows are written in their order, one file after
another. Nothing here schedules, and nothing else imports ray.

Source: Ray Data's `map_batches` with a pool of actors, and its `Datasink`.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from json import JSONDecodeError
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv, fs, parquet

from bertsim.batch.places import PARSING, Source, first_line, place_of
from bertsim.batch.table import NewColumns, TableScorer
from bertsim.batch.writing import TableLayout
from bertsim.data.rows import plain
from bertsim.engines.base import count_cores
from bertsim.errors import BertsimError, ClusterError, DataError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

THIS_MACHINE = "local"
"""The address of a cluster of this machine alone, which lives as long as the command."""
ROWS_PER_FILE = 100_000
_PATIENCE = 10.0  # seconds until an address must have answered


@dataclass(frozen=True)
class RayJob:
    """What is to be done on which cluster.

    Attributes:
        source: what is read.
        output: the folder to be, a path or a URI; of this machine it appears when it is whole.
        kind: of the files in it, one of `WRITTEN`.
        loading: the keyword arguments of `bertsim.load`, in an actor.
        make: a model -> the table function.
        columns: what it adds.
        batch_size: rows handed to it at a time.
        cpus: processors of an actor, and threads of its model.
        address: of the cluster; `THIS_MACHINE` or what `ray.init` takes.
        show: told every second how many rows are done, where someone is watching.
    """

    source: Source
    output: str | Path
    kind: str
    loading: Mapping[str, Any]
    make: Callable[[SimilarityModel], TableScorer]
    columns: NewColumns
    batch_size: int
    cpus: int = 1
    address: str = THIS_MACHINE
    show: Callable[[int], None] | None = None

    def run(self) -> Counter[str]:
        """Do it, and count "rows", "bad" ones without a score, and those with "unknown" and with "cut" tokens.

        Raises:
            ClusterError: the cluster cannot be had, or is too small, or failed.
            DataError: rows that cannot be read, or an output that cannot be written.
            BertsimError: what an actor raised.
        """
        filesystem, place = place_of(self.output)
        is_here = isinstance(filesystem, fs.LocalFileSystem)
        new = f"{os.path.dirname(place)}/.{os.path.basename(place)}.{os.getpid()}.new" if is_here else place
        try:
            with _connected(self.address) as ray, _quiet(), _told(self.source.where):
                nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
                size = pool_size(nodes, self.cpus)
                filesystem.create_dir(new, recursive=True)
                counter = ray.remote(num_cpus=0)(_Counter).remote()
                dataset = _read(self.source).repartition(target_num_rows_per_block=self.batch_size)
                dataset = dataset.map_batches(
                    _Actor,
                    fn_constructor_args=(self.loading, self.make, self.cpus, counter),
                    batch_size=self.batch_size,
                    batch_format="pyarrow",
                    num_cpus=self.cpus,
                    compute=ray.data.ActorPoolStrategy(min_size=1, max_size=size, initial_size=size),
                )
                sink = _sink(filesystem, new, self.kind, self.columns)
                with _watched(counter, self.show):
                    dataset.write_datasink(sink)
            if is_here:
                missing = [name for name in sink.files if not os.path.exists(os.path.join(new, name))]
                if missing:
                    raise ClusterError(
                        f"{self.output}: {len(missing):,} of {len(sink.files):,} files were written on the disks of"
                        " other machines; give a folder that all machines of the cluster share, or a bucket."
                    )
                os.replace(new, place)
        finally:
            if is_here:
                shutil.rmtree(new, ignore_errors=True)
        return sink.counts


def pool_size(nodes: Sequence[int], cpus: int) -> int:
    """How many actors a cluster holds, with one processor in 16 left for who reads and writes, or all would wait.

    Args:
        nodes: the processors of every machine.
        cpus: those of an actor, which are on one machine.

    Raises:
        ClusterError: none.

    Example: [4, 4], 2 -> 3
    """
    spare = max(1, sum(nodes) // 16)
    size = min(sum(node // cpus for node in nodes), (sum(nodes) - spare) // cpus)
    if size < 1:
        raise ClusterError(
            f"the cluster has {sum(nodes)} processors, {max(nodes, default=0)} on its largest machine; a copy of the"
            f" model needs {cpus} on one machine, and reading {spare} more, so add machines, or lower --ray-cpus."
        )
    return size


def check_cluster(address: str) -> None:
    """Refuse, before anything is loaded, what cannot begin.

    Raises:
        ClusterError: Ray is not installed, or nobody answers at the address.
    """
    if find_spec("ray") is None:
        raise ClusterError("--ray needs Ray, which is not installed here; pip install 'bertsim[ray]'.")
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), _PATIENCE).close()
        except OSError as error:
            why = error.strerror or error
            raise ClusterError(f"no Ray cluster answers at {address} ({why}); start one by ray start --head.") from None


class _Actor:
    """The table function in a process of Ray's; the model is loaded at the first batch, where an error has a name."""

    def __init__(self, loading: Mapping[str, Any], make: Callable[[Any], TableScorer], cpus: int, counter: Any) -> None:
        self._loading, self._make, self._cpus, self._counter = loading, make, cpus, counter

    def __call__(self, batch: pa.Table) -> pa.Table:
        for name in self._function.sentences:
            if name not in batch.column_names:  # a file lacks it; its rows have that for a reason
                batch = batch.append_column(name, pa.nulls(len(batch), pa.string()))
        made = self._function(batch)
        self._counter.add.remote(len(made))
        return made

    @cached_property
    def _function(self) -> TableScorer:
        from bertsim.model.loading import load

        os.environ["TF_NUM_INTRAOP_THREADS"] = str(self._cpus)
        return self._make(load(**self._loading, threads=self._cpus))


class _Counter:
    """Rows that are done, on the cluster; those of a batch that was done again count again."""

    def __init__(self) -> None:
        self._rows = 0

    def add(self, rows: int) -> int:
        """Count more of them; how many there are."""
        self._rows += rows
        return self._rows


@contextmanager
def _watched(counter: Any, show: Callable[[int], None] | None) -> Iterator[None]:
    """Show every second how many rows are done."""
    import ray

    ended = Event()

    def watch() -> None:
        with suppress(Exception):  # the cluster may have gone; who waits for the rows says so
            while show is not None and not ended.wait(1.0):
                show(ray.get(counter.add.remote(0)))

    thread = Thread(target=watch, name="bertsim-ray")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sink(filesystem: fs.FileSystem, folder: str, kind: str, columns: NewColumns) -> Any:
    """What writes tables, and in the end has what counts of them and their files.

    A task that is done again, since its machine died, writes the same file again, and counts once.
    """
    from ray.data import Datasink

    class TableSink(Datasink[dict[str, Any]]):
        min_rows_per_write = ROWS_PER_FILE

        def write(self, blocks: Iterable[pa.Table], ctx: Any) -> dict[str, Any]:
            tables = [table for table in blocks if len(table)]
            if not tables:
                return {}
            table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
            name = f"{ctx.task_idx:06d}.{kind}"
            with filesystem.open_output_stream(f"{folder}/{name}") as stream:
                if kind == "parquet":
                    parquet.write_table(table, stream)
                else:
                    own = table.drop_columns(list(columns))
                    layout = TableLayout(kind, False, tuple(own.column_names), tuple(columns))
                    rows = [{name: plain(cell) for name, cell in row.items()} for row in own.to_pylist()]
                    stream.write(layout.chunk(rows, table, with_header=True)[0])
            counts = {"rows": len(table), "bad": len(table) - table.column(columns.error).null_count}
            for what, column in (("unknown", columns.unknown), ("cut", columns.cut)):
                counts[what] = sum(bool(each) for each in table.column(column).to_pylist())
            return {"file": name, "counts": counts}

        def on_write_complete(self, write_result: Any) -> None:
            written = [found for found in write_result.write_returns if found]
            self.files = tuple(found["file"] for found in written)
            self.counts = sum((Counter(found["counts"]) for found in written), Counter())

    return TableSink()


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Ray, in the cluster of an address. Raises ClusterError."""
    is_own = address == THIS_MACHINE
    # one processor more than there are, in name, for who reads and writes: actors take the others
    own = {"num_cpus": count_cores() + 1, "include_dashboard": False} if is_own else {}
    on_terminate = signal.getsignal(signal.SIGTERM)
    if is_own:  # on loopback, on Linux too, as Ray reads it when it is imported
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray.data

    try:
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, **own)
        except Exception as error:  # noqa: BLE001 - Ray raises this very kind
            raise ClusterError(f"no Ray cluster can be had at {address} ({first_line(error)}).") from None
        finally:
            signal.signal(signal.SIGTERM, on_terminate)  # Ray has put its own in its place
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray Data in order; what it logs and prints stays in its own files."""
    from ray.data import DataContext

    context = DataContext.get_current().copy()
    context.execution_options.preserve_order = True
    context.use_datasource_v2 = False  # its threads trip over one another where there is no aiohttp
    context.raise_original_map_exception = True
    context.enable_progress_bars = False  # Ray's one counts files
    shown = [handler for handler in logging.getLogger("ray.data").handlers if handler.name == "console"]
    levels = [handler.level for handler in shown]
    for handler in shown:
        handler.setLevel(logging.CRITICAL + 1)
    try:
        with DataContext.current(context), redirect_stdout(io.StringIO()):
            yield
    finally:
        for handler, level in zip(shown, levels, strict=True):
            handler.setLevel(level)


def _read(source: Source) -> Any:
    """The rows of files, in order, as a dataset of Ray."""
    from ray import data

    options: dict[str, Any] = {"filesystem": source.filesystem, "partitioning": None, "file_extensions": None}
    paths = list(source.paths)
    if source.kind == "parquet":
        return data.read_parquet(paths, **options)
    if source.kind == "jsonl":
        return data.read_json(paths, **options)
    text = csv.ConvertOptions(column_types=dict.fromkeys(source.columns, pa.string()))
    return data.read_csv(paths, parse_options=PARSING[source.kind], convert_options=text, **options)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Failures of Ray's as one sentence; what an actor raised as that."""
    try:
        yield
    except Exception as error:
        cause: Exception = error
        while (inner := getattr(cause, "cause", None)) is not None:  # of a task's
            cause = inner
        if isinstance(cause, BertsimError):
            raise type(cause)(str(cause).partition("\n")[0]) from None  # behind it Ray speaks of its own settings
        if isinstance(cause, pa.ArrowException | OSError | ValueError):
            why = "a line is no JSON" if isinstance(cause, JSONDecodeError) else first_line(cause)
            advice = "check it, or leave --ray out, which says what is wrong with which row"
            raise DataError(f"{where} cannot be read, scored or written ({why}); {advice}.") from None
        if type(cause).__module__.split(".")[0] == "ray":
            raise ClusterError(f"Ray gave up ({first_line(cause)}); its logs say more.") from error
        raise
