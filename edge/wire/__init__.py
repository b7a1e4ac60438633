"""The contract between edge and cloud: ids, topics, messages, codec, order of events.

Pure: no input or output, no clock of its own, nothing else of the project imported.
"""
