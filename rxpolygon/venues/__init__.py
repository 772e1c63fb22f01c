"""The protocols of the venues, as pure functions: no sockets, no threads, no clocks."""
