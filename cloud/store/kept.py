"""How long telemetry is kept, and why. Ages are of domain time; retention.py and partitions.py act on them.

Raw readings outlast what may still arrive for them, and that outlasts any outage: so a quarter that is rolled up again is
always rolled up from all of its readings.
"""

from datetime import timedelta

# Rows may be this old when they arrive and still lie at their own time.
LATEST_ARRIVAL = timedelta(days=90)
# 30 d more, in which the roll-up may stand still before anybody notices.
READINGS_KEPT = LATEST_ARRIVAL + timedelta(days=30)
# Raw tracks of vans: where a courier was is nobody's business for longer.
POSITIONS_KEPT = timedelta(days=30)
# What is left of them: lines with a tolerance, of vehicles only; roads are learnt from a year of them.
TRACKS_KEPT = timedelta(days=366)
# Records of fixed storage are kept two years: a value every 15 min, which is within the 30 min
# that record keeping asks for.
ROLLUPS_KEPT = timedelta(days=2 * 366)
# Columnstore chunks take late rows too, but slower: after a week nearly every outage is over (P95 is 4 h).
COLUMNSTORE_AFTER = timedelta(days=7)
