"""MQTT for the cloud: paho on the event loop, with a faster reader of what comes in."""
