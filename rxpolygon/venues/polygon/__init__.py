"""The protocol of Polygon.io, now also called Massive: JSON text frames."""
