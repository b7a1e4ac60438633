"""The town's ground: roads, blocks, estates and the places where its stations stand. Pure, the same for the same seed."""
