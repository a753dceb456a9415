"""Every error that bertsim raises on purpose.

A message is one sentence that names the file, row, key or value, says what was expected and what to do.
The edges (command line, app) show it as it stands; any other exception is a bug and stays visible.

    BertsimError
    ├── InputError        a sentence, pair, option or row that cannot be used
    │   └── DataError     … in a file of the user's: names file and row
    ├── CheckpointError   a file of an encoder or head that is missing, damaged or cannot be represented
    ├── ExportError       a flatbuffer that does not agree with its Keras model
    │   └── NotExportedError  … or that is not there yet, where none shall be exported
    └── HubError          a repository, revision or network that cannot be had
"""


class BertsimError(Exception):
    """Base of every deliberate error; its text is one sentence for the user."""


class InputError(BertsimError, ValueError):
    """A sentence, pair or option that cannot be used."""


class DataError(InputError):
    """A data file, or a row of one, that cannot be used."""


class CheckpointError(BertsimError):
    """A file of an encoder or head that is missing, damaged or not representable."""


class ExportError(BertsimError):
    """A flatbuffer that does not agree with the model it was exported from."""


class NotExportedError(ExportError):
    """A flatbuffer that is not there yet, where none shall be exported."""


class HubError(BertsimError):
    """A repository, revision or network that cannot be had."""
