"""Roads: the graph and the map made of an OpenStreetMap extract; times, distances and ways between points.

Leaves which van goes where to routing.
"""
