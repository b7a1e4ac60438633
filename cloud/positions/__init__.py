"""Positions from devices that are not ours: couriers' phones and trackers in vans. Codecs, and the process that hears them."""
