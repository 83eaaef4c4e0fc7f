#!/bin/sh
# Guests on this machine's own virtualization.

cd "$(dirname -- "$0")" || exit
if ! reason=$(./kvm-here); then
	echo "1..0 # SKIP $reason; guests-amd.t and guests-intel.t do"
	exit
fi
BOX=host exec ./box sh kvm.sh
