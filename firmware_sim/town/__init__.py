"""A small town that lives by the Clock: stations with real agents, scanners on pseudo-terminals, orders, parcels, people."""
