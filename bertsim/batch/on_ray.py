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
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from importlib.util import find_spec
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import fs, parquet

from bertsim.batch.places import Source, first_line, place_of
from bertsim.batch.table import NewColumns, TableScorer
from bertsim.batch.writing import TableLayout
from bertsim.data.tables import plain
from bertsim.engines.base import count_cores
from bertsim.errors import BertsimError, ClusterError, DataError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

THIS_MACHINE = "local"
"""The address of a cluster of this machine alone, which lives as long as the command."""
ROWS_PER_FILE = 100_000
_PATIENCE = 10.0  # seconds until an address must have answered


def run_job(
    source: Source,
    output: str | Path,
    kind: str,
    loading: Mapping[str, Any],
    make: Callable[[SimilarityModel], TableScorer],
    columns: NewColumns,
    batch_size: int,
    cpus: int,
    address: str,
) -> Counter[str]:
    """Score or embed a source, and count "rows", "bad" ones without a score, those with "unknown" and "cut" tokens.

    Args:
        source: what is read.
        output: the folder to be, a path or a URI; of this machine it appears when it is whole.
        kind: of the files in it, one of `WRITTEN`.
        loading: the keyword arguments of `bertsim.load`, in an actor.
        make: a model -> the table function.
        columns: what it adds.
        batch_size: rows handed to it at a time.
        cpus: processors of an actor, and threads of its model.
        address: of the cluster; `THIS_MACHINE` or what `ray.init` takes.

    Raises:
        ClusterError: the cluster cannot be had, or is too small, or failed.
        DataError: rows that cannot be read, or an output that cannot be written.
        BertsimError: what an actor raised.
    """
    filesystem, place = place_of(output)
    is_here = isinstance(filesystem, fs.LocalFileSystem)
    new = f"{os.path.dirname(place)}/.{os.path.basename(place)}.{os.getpid()}.new" if is_here else place
    try:
        with _connected(address) as ray, _quiet(), _told(source.where):
            size = pool_size([int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]], cpus)
            filesystem.create_dir(new, recursive=True)
            dataset = _read(source).repartition(target_num_rows_per_block=batch_size)
            dataset = dataset.map_batches(
                _Actor,
                fn_constructor_args=(loading, make, cpus),
                batch_size=batch_size,
                batch_format="pyarrow",
                num_cpus=cpus,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=size, initial_size=size),
            )
            sink = _sink(filesystem, new, kind, columns)
            dataset.write_datasink(sink)
        if is_here:
            if missing := sum(not os.path.exists(os.path.join(new, name)) for name in sink.files):
                fault = f"{missing:,} of {len(sink.files):,} files were written on the disks of other machines"
                advice = "give a folder that all machines of the cluster share, or a bucket"
                raise ClusterError(f"{output}: {fault}; {advice}.")
            os.replace(new, place)
    finally:
        if is_here:
            shutil.rmtree(new, ignore_errors=True)
    return sink.counts


def pool_size(nodes: Sequence[int], cpus: int) -> int:
    """How many actors of `cpus` processors, all on one machine, a cluster of machines with `nodes` processors holds.

    One processor in 16 is left for who reads and writes, or all would wait.
    Raises: ClusterError, where that is none.
    Example: [4, 4], 2 -> 3
    """
    spare = max(1, sum(nodes) // 16)
    size = min(sum(node // cpus for node in nodes), (sum(nodes) - spare) // cpus)
    if size < 1:
        has = f"{sum(nodes)} processors, {max(nodes, default=0)} on its largest machine"
        needs = f"a copy of the model needs {cpus} on one machine, and reading {spare} more"
        raise ClusterError(f"the cluster has {has}; {needs}, so add machines, or lower --ray-cpus.")
    return size


def check_cluster(address: str) -> None:
    """Refuse what cannot begin. Raises: ClusterError, if Ray is not installed, or nobody answers at the address."""
    if find_spec("ray") is None:
        raise ClusterError("--ray needs Ray, which is not installed here; in bertsim's folder: pip install '.[ray]'.")
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), _PATIENCE).close()
        except OSError as error:
            why = error.strerror or error
            raise ClusterError(f"no Ray cluster answers at {address} ({why}); start one by ray start --head.") from None


class _Actor:
    """The table function in a process of Ray's; the model is loaded at the first batch, where an error has a name."""

    def __init__(self, loading: Mapping[str, Any], make: Callable[[Any], TableScorer], cpus: int) -> None:
        self._loading, self._make, self._cpus = loading, make, cpus

    def __call__(self, batch: pa.Table) -> pa.Table:
        for name in self._function.sentences:
            if name not in batch.column_names:  # a file lacks it; its rows have that for a reason
                batch = batch.append_column(name, pa.nulls(len(batch), pa.string()))
        return self._function(batch)

    @cached_property
    def _function(self) -> TableScorer:
        from bertsim.model.loading import load

        os.environ["TF_NUM_INTRAOP_THREADS"] = str(self._cpus)
        return self._make(load(**self._loading, threads=self._cpus))


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


class _HeldBack(io.StringIO):
    """Ray prints what its servers have to say, and shows a bar where stdout is a terminal."""

    def isatty(self) -> bool:
        return sys.stderr.isatty()


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray Data in order, and with one bar on stderr if someone is watching; what it logs stays in its own files."""
    from ray.data import DataContext

    context = DataContext.get_current().copy()
    context.execution_options.preserve_order = True
    context.use_datasource_v2 = False  # its threads trip over one another where there is no aiohttp
    context.raise_original_map_exception = True
    context.enable_operator_progress_bars = False
    context.enable_progress_bars = sys.stderr.isatty()
    shown = [handler for handler in logging.getLogger("ray.data").handlers if handler.name == "console"]
    levels = [handler.level for handler in shown]
    for handler in shown:
        handler.setLevel(logging.CRITICAL + 1)
    try:
        with DataContext.current(context), redirect_stdout(_HeldBack()):
            yield
    finally:
        for handler, level in zip(shown, levels, strict=True):
            handler.setLevel(level)


def _read(source: Source) -> Any:
    """The rows of files, in order, as a dataset of Ray."""
    from ray import data

    options: dict[str, Any] = {"filesystem": source.filesystem, "partitioning": None, "file_extensions": None}
    read = {"parquet": data.read_parquet, "jsonl": data.read_json}.get(source.kind)
    if read is None:
        read, options = data.read_csv, options | source.arrow_options
    return read(list(source.paths), **options)


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
