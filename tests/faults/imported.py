"""What warm processes have imported: nothing else is here, and nothing of it starts a thread."""

import gc
import importlib

import psutil

from cloud.__main__ import SERVICES

for module in (*(module for module, _ in SERVICES.values()), "edge.app", "edge.config", "edge.logs", "edge.memory"):
    importlib.import_module(module)
assert psutil.Process().num_threads() == 1, "what is forked off beside a thread may hang"
gc.collect()
gc.freeze()
