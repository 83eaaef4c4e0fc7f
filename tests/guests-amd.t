#!/bin/sh
# Guests on an AMD CPU's virtualization.

cd "$(dirname -- "$0")" || exit
BOX=amd exec ./box sh kvm.sh
