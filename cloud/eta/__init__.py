"""When a van comes to each stop: expected, and between when and when. Facts of the day in, windows out.

Leaves where vans are to positions, roads to roads, and who is told to whoever asks.
"""
