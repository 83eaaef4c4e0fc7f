#!/bin/sh
# Guests on this machine's own virtualization.

cd "$(dirname -- "$0")" || exit
if [ ! -w /dev/kvm ]; then
	echo '1..0 # SKIP this machine has no /dev/kvm; amd.t and intel.t do'
	exit
fi
BOX=host exec ./box sh kvm.sh
