#!/bin/sh
# The tables that the CPU reads, walked without one.

exec "$(dirname -- "$0")/unit_tables"
