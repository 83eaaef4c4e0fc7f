#!/bin/sh
# What a run seldom meets, without guests.

exec "$(dirname -- "$0")/unit_rare"
