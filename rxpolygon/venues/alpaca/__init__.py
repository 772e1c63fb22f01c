"""The protocol of Alpaca's market-data streams: JSON text or msgpack binary frames."""
