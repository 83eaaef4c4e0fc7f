#!/bin/sh
# Each version's mini_hypervisor.c is the one before it and more: the lines that
# it lacks are those of the file LEVELS, and a paragraph that moved would be
# among them.  The versions share guest.ld, the console of guest.c, and the
# Makefile but for the lines of the example.

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. "$here/lib.sh"

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

# notices HOW FILE: that version B is not A and more, after a change to its FILE
# that sed makes by HOW.
notices() {
	sed "$1" "B/$2" >kept
	! cmp -s kept "B/$2"
	ok $? "can be made: $1"
	mv "B/$2" saved
	mv kept "B/$2"
	! follows A B >/dev/null
	ok $? 'and is noticed'
	mv saved "B/$2"
}

cd "$work" || exit
for version in A B C; do
	cp -r "$here/../Version_$version" $version
done
check 'version B is version A and more' follows A B
check 'version C is version B and more' follows B C
for limit in 'AB 12' 'BC 4'; do
	[ "$(grep -c "^${limit% *}: " "$here/LEVELS")" -le "${limit#* }" ]
	ok $? "lines that may be lost, and their limit: $limit"
done
for limit in 'A 1000' 'B 1200' 'C 1950'; do
	lines=$(wc -l <"${limit% *}/mini_hypervisor.c")
	[ "$lines" -lt "${limit#* }" ]
	ok $? "a version has fewer lines: $limit"
	grep -q "^| \[Version_${limit% *}\].*) | $lines |" "$here/../README.md"
	ok $? "the README says how many: $lines"
done
said=$(tr '\n' ' ' <"$here/../README.md")
for pair in 'A B' 'B C'; do
	lost=$(diff "${pair% *}"/mini_hypervisor.c "${pair#* }"/mini_hypervisor.c |
		grep -c '^<')
	more=$(diff "${pair% *}"/mini_hypervisor.c "${pair#* }"/mini_hypervisor.c |
		grep -c '^>')
	case $said in
	*"${pair#* } removes $lost lines of ${pair% *} and adds $more"*) ;;
	*) false ;;
	esac
	ok $? "and of ${pair#* }: removes $lost, adds $more"
done
notices 's/size_t memory = vm/size_t  memory = vm/' mini_hypervisor.c
# shellcheck disable=SC2016
notices '/^static void page_tables_create/,/^}/{H;d;}; $G' mini_hypervisor.c
notices 's/rep outsb/rep; outsb/' guest.c
notices '/^CFLAGS/d' Makefile
done_testing
