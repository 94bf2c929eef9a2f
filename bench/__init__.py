"""What things cost. `make bench` runs all; `python -m bench pages` one.

These machines are noisy, so a figure is the CPU time that all serving processes together spent on a request, and what is quoted
is its ratio to that of a bare handler in the same run: the two take turns, a short round each, and the medians are compared.
"""
