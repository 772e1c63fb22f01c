"""A seeded market: prices that move believably, and everything that is made of them."""
