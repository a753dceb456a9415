"""Every route, registered by being imported."""

from tests.fuzz import core, files, hub, served
from tests.fuzz.client import end_app

__all__ = ["core", "end_app", "files", "hub", "served"]
