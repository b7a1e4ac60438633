"""The agent of a station, a van or a dock: reads devices, decides, keeps, and sends to the cloud."""
