"""Values that the reference implementations computed, and the script that recorded them."""
