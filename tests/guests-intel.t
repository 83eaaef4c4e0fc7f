#!/bin/sh
# Guests on an Intel CPU's virtualization.

cd "$(dirname -- "$0")" || exit
BOX=intel exec ./box sh kvm.sh
