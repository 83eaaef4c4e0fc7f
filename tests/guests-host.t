#!/bin/sh
# Guests on this machine's own KVM; a part of them if it emulates its guests.

cd "$(dirname -- "$0")" || exit
if ! [ -w /dev/kvm ]; then
	echo "1..0 # SKIP $(./kvm-here); guests-amd.t and guests-intel.t do"
	exit
fi
BOX=host exec ./box sh kvm.sh
