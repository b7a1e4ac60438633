"""``python -m edge devices``: what is plugged into this machine, and whether each configured device answers."""
