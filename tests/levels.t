#!/bin/sh
# Each version's mini_hypervisor.c is the one before it and more: the lines that
# it lacks are those of the file LEVELS, and a paragraph that moved would be
# among them.  The versions share guest.ld, the console of guest.c, and the
# Makefile but for the lines of the example.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in /dev/shm

# lost FROM TO: prints the lines of a file that another lacks, in order.
lost() {
	diff -d "$1" "$2" | sed -n 's/^< //p'
}

# follows A B: whether version B of the current folder is version A and more.
follows() {
	sed -n "s/^$1$2: //p" "$here/LEVELS" >listed
	lost "$1/mini_hypervisor.c" "$2/mini_hypervisor.c" |
		diff listed - || return
	for folder in "$1" "$2"; do
		sed '/^\/\* -* the program /,$d' "$folder/guest.c" >"$folder/common"
		sed '/^GUESTS = /d; /^RUN = /d' "$folder/Makefile" >"$folder/make"
	done
	[ ! "$(lost "$1/common" "$2/common"; lost "$1/make" "$2/make")" ] &&
		cmp "$1/guest.ld" "$2/guest.ld"
}

# lines VERSION: how many lines its program has.
lines() {
	wc -l <"$1/mini_hypervisor.c"
}

for version in A B C; do
	cp -r "$here/../Version_$version" $version
done
for limit in 'A 1000' 'B 1200' 'C 1950'; do
	version=${limit% *}
	[ "$(lines "$version")" -lt "${limit#* }" ]
	ok $? "a version has fewer lines: $limit"
	grep -q "^| \[Version_$version\].*) | $(lines "$version") |" \
		"$here/../README.md"
	ok $? 'the README says how many'
done
said=$(tr '\n' ' ' <"$here/../README.md")
for limit in 'A B 12' 'B C 4'; do
	# shellcheck disable=SC2086
	set -- $limit
	check "version $2 is version $1 and more" follows "$1" "$2"
	lost=$(grep -c "^$1$2: " "$here/LEVELS")
	[ "$lost" -le "$3" ]
	ok $? "but for $lost lines, which may be $3"
	more=$(($(lines "$2") - $(lines "$1") + lost))
	case $said in
	*"$2 removes $lost lines of $1 and adds $more"*) ;;
	*) false ;;
	esac
	ok $? "as the README says, which adds $more"
done
done_testing
