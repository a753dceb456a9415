"""Every route, registered by being imported."""

from tests.fuzz import served
from tests.fuzz.served import end_app

__all__ = ["end_app", "served"]
