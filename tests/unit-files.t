#!/bin/sh
# The file device without guests: its rules, hostile calls, and copy on write
# against plain copies.

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
total=0

# tap PROGRAM [ARGUMENT...]: its tests, made in a folder of its own. It may
# fail after its last test: a sanitizer finds leaks at the end. (It writes to a
# pipe, because it limits how large its files may be.)
tap() {
	program=$1
	shift
	mkdir "$program"
	{ (cd "$program" && exec "$here/$program" "$@") || : >failed; } |
		cat >said
	sed 's/^\(ok\|not ok\) [0-9]* /\1 /; /^1\.\./d' said
	plan=$(sed -n 's/^1\.\.//p' said)
	total=$((total + ${plan:-0}))
}

tap unit_files
tap random_files 5000
echo "1..$total"
[ ! -e failed ]
