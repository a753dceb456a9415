"""Every route, registered by being imported."""

from tests.fuzz import core, files, served
from tests.fuzz.served import end_app

__all__ = ["core", "files", "end_app", "served"]
