#!/bin/sh
# The file device without guests: its rules, hostile calls, and copy on write
# against plain copies.

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
mkdir "$work/device" "$work/oracle"
cd "$work/device" || exit
"$here/device" | sed '/^1\.\./d'
cd "$work/oracle" || exit
"$here/oracle" 20000 | sed 's/^\(ok\|not ok\) 1/\1 62/; /^1\.\./d'
echo 1..62
