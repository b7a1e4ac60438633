"""The station's cold chain: readings in, alarms out and kept, a chart of the last day. The rules are edge.rules.alarms."""
