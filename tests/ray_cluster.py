"""`python -m tests.ray_cluster`: a Ray cluster of two machines, both of them this one; prints its address.

It lives until stdin is closed. Three processors, of which actors get two.
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster

LOOPBACK = {"node_ip_address": "127.0.0.1"}


TRIES = 4
"""Ray gives a machine 30 seconds to start, and there is no setting for it; one that others use may need more."""


def main() -> None:
    """Start, wait, end."""
    for left in reversed(range(TRIES)):
        cluster = Cluster()
        try:
            cluster.add_node(num_cpus=2, include_dashboard=False, **LOOPBACK)
            cluster.add_node(num_cpus=1, **LOOPBACK)
            print(cluster.address, flush=True)
            sys.stdin.read()
            return
        except Exception:
            if not left:
                raise
        finally:
            cluster.shutdown()


if __name__ == "__main__":
    main()
