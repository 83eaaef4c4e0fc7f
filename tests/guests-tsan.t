#!/bin/sh
# Guests in threads, with a hypervisor that checks the order of its accesses.

cd "$(dirname -- "$0")" || exit
BOX=amd exec ./box sh kvm.sh C hv_threads races
