#!/bin/sh
# Every system call of each version's example, failing.

cd "$(dirname -- "$0")" || exit
BOX=amd exec ./box sh kvm.sh each inject
