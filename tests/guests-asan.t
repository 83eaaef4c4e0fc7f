#!/bin/sh
# Guests again, with a hypervisor that checks each of its own accesses: the
# last version, whose text holds the others'.

cd "$(dirname -- "$0")" || exit
BOX=amd exec ./box sh kvm.sh C hv_sanitized \
	memory cpu faults console options many limits files
