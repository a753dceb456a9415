"""`python -m tests.ray_cluster`: a Ray cluster of two machines, both of them this one; prints its address.

It lives until stdin is closed. Three processors, of which actors get two.
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster

LOOPBACK = {"node_ip_address": "127.0.0.1"}


def main() -> None:
    """Start, wait, end."""
    cluster = Cluster(True, head_node_args={"num_cpus": 2, "include_dashboard": False, **LOOPBACK})
    try:
        cluster.add_node(num_cpus=1, **LOOPBACK)
        print(cluster.address, flush=True)
        sys.stdin.read()
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
