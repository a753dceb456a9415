"""Every error that bertsim raises on purpose.

A message is one sentence that names the file, row, key or value, says what was expected and what to do.
The edges (command line, app) show it as it stands; any other exception is a bug and stays visible.
"""


class BertsimError(Exception):
    """Base of every deliberate error; its text is one sentence for the user, on one line whatever it quotes."""

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())


class InputError(BertsimError, ValueError):
    """A sentence, pair, option or row that cannot be used."""


class DataError(InputError):
    """A data file, or a row of one, that cannot be used; names file and row."""


class CheckpointError(BertsimError):
    """A file of an encoder or head that is missing, damaged or cannot be represented."""


class ExportError(BertsimError):
    """A flatbuffer that does not agree with the Keras model it was exported from."""


class NotExportedError(ExportError):
    """A flatbuffer that is not there yet, where none shall be exported."""


class HubError(BertsimError):
    """A repository, revision or network that cannot be had."""


class ClusterError(BertsimError):
    """A cluster of machines that cannot be had, or that failed."""
