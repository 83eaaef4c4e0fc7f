#!/bin/sh
# Each version, built in the ways that its users build it, runs its example;
# so do guests of users' own.  What takes a program that is missing is skipped.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in "${TMPDIR:-/tmp}"

warnings='-Wall -Wextra -Wpedantic'
# Checkers make system calls that Version C would deny itself.
checked='-g -DUNCONFINED'
musl="musl-gcc -idirafter /usr/include \
	-idirafter /usr/include/$(gcc -print-multiarch)"
folders=
tree=
with=

# has PROGRAM TEST: whether there is the program; else skips the test.
has() {
	command -v "$1" >/dev/null && return
	skip "$2" "there is no $1"
	return 1
}

# copy VERSION FOLDER: the version's sources, to a new folder.
copy() {
	mkdir -p "$2"
	for file in Makefile guest.ld guest.c mini_hypervisor.c flowers.png; do
		[ ! -e "$here/../Version_$1/$file" ] ||
			cp "$here/../Version_$1/$file" "$2"
	done
}

# runs FOLDER COMMAND STATUS OUT ERR: the box is to run the command in a copy of
# the folder, and it is to end so; the order of OUT's lines does not matter.
runs() {
	folders="$folders $1"
	echo "$2" >"$1/run"
	echo "$3" >"$1.want_status"
	printf %b "$4" >"$1.want_out"
	printf %b "$5" >"$1.want_err"
}

# builds NAME WORD...: makes each version with these words, in $tree if that is
# set.  Each is to run its example, under $with, as a plain build does.
builds() {
	name=$1
	shift
	for level in A B C; do
		copy $level "$name/$level"
		if [ "$tree" ]; then
			rm -rf "${tree:?}/$level"
			mv "$name/$level" "$tree"
			chroot "$tree" make -s -C "/$level" "$@"
			mv "$tree/$level" "$name"
		else
			make -s -C "$name/$level" "$@"
		fi >"$name/$level.said" 2>&1 &
	done
	wait
	for level in A B C; do
		folder=$name/$level
		[ -x "$folder/mini_hypervisor" ] && [ ! -s "$folder.said" ]
		ok $? "$name: make has nothing to say" ||
			sed 's/^/# /' "$folder.said"
		runs "$folder" "$with ./mini_hypervisor $(sed -n \
			's/^RUN = //p' "$folder/Makefile")" 0 '' ''
		ln -sf "$work/plain/$level.out" "$folder.want_out"
	done
	level=
}

builds plain
builds debug -j8 CFLAGS="-g $warnings"
for optimize in O3 Os; do
	builds $optimize CFLAGS="-$optimize $warnings"
done
builds lto CFLAGS="-O2 -flto $warnings"
builds sanitized CFLAGS="$checked -fsanitize=address,undefined $warnings"
has clang clang && builds clang CC=clang
has musl-gcc musl && builds musl CC="$musl"
has ld.gold gold && builds gold LDFLAGS=-fuse-ld=gold
has valgrind valgrind && {
	with='valgrind -q --vgdb=no --error-exitcode=9'
	# It can't tell what a static C library does with memory.
	builds valgrind STATIC= CFLAGS="$checked"
	cp -r valgrind/C failing
	runs failing "$with ./mini_hypervisor -m 2 -p 4 -g none" 1 '' \
		'mini_hypervisor: none: No such file or directory\n'
	with=
}

# Other releases of Debian.
for release in bullseye trixie; do
	reason=$("$here/tree" $release) || {
		skip $release "$reason"
		continue
	}
	tree=$here/.cache/$release
	builds $release
	# A dynamic program needs the release's libraries.
	libraries=$tree/lib/x86_64-linux-gnu
	with="$libraries/ld-linux-x86-64.so.2 --library-path $libraries"
	builds $release-dynamic STATIC=
	cp -r $release-dynamic/C $release-full
	full='standard output: No space left on device'
	runs $release-full \
		"$with ./mini_hypervisor -m 2 -p 4 -g guest.img >/dev/full" \
		1 '' "mini_hypervisor: guest.img: $full\n"
	tree=
	with=
done

# Guests of users' own, which may use all that the examples don't; and the
# README's.
said='two files\na GOT\na double\nend\n'
for level in B C; do
	folder=own/$level
	copy $level $folder
	for name in mine guest3 guestbook; do
		cp "$here/builds/own.c" $folder/$name.c
	done
	cp "$here/builds/more.c" $folder
	sed -n '/^    __attribute__/,/^    }/s/^    //p' "$here/../README.md" \
		>$folder/hello.c
	check "guests of users' own are made" make -s -C $folder WITH=more.c \
		mini_hypervisor mine.img guest3.img guestbook.img hello.img
	# shellcheck disable=SC2016
	runs $folder 'for name in mine guest3 guestbook hello; do
		./mini_hypervisor -m 2 -p 4 -g $name.img
	done' 0 "$said$said${said}Hello!\n" ''
done
level=
cat >own/C/late.c <<'EOF'
int helper(void) { return 1; }
void _start(void) { for (;;) __asm__("hlt"); }
EOF
! make -s -C own/C late.img >said 2>&1 && [ ! -e own/C/late.img ] &&
	grep -q '_start is not at address 0' said
ok $? 'a function before _start is an error' || sed 's/^/# /' said

# ported FILE: the guest of tests/porting is made as the comment in it says.
ported() {
	copy C "$1"
	cp "$here"/porting/* "$1"
	sed -n 's,^\( \*\|//!\)\t,,p' "$1/$1" | sed '/mini_hypervisor/d' >recipe
	check "$1 is made" sh -ec "cd $1; . ../recipe; make -s mini_hypervisor"
}
has g++ hello.cc && {
	ported hello.cc
	runs hello.cc './mini_hypervisor -m 2 -p 4 -g base.img' 0 \
		'hello from C++\n' ''
}
has rustc hello.rs && {
	ported hello.rs
	runs hello.rs './mini_hypervisor -m 2 -p 4 -g base.img' 0 \
		'hello from Rust: [1, 4, 9] 0.67\n' ''
}
if [ ! -e /usr/include/stb/stb_image.h ]; then
	skip picture.c 'there is no libstb-dev'
elif has bmptopnm picture.c; then
	ported picture.c
	pngtopnm picture.c/flowers.png >picture.c/flowers.ppm
	written='flowers.bmp: written\n'
	# shellcheck disable=SC2016
	runs picture.c 'for m in 2 4 8; do
		./mini_hypervisor -m $m -p 4 -g picture.img -f flowers.png
		bmptopnm -quiet vm1/flowers.bmp | cmp - flowers.ppm
	done' 0 "$written$written$written" ''
fi

# shellcheck disable=SC2016,SC2086
"$here/box" sh -c 'for folder; do
		rm -rf /dev/shm/run
		cp -r $folder /dev/shm/run
		(cd /dev/shm/run && exec timeout 120 sh -e run) </dev/null \
			>/dev/shm/out 2>$folder.err
		echo $? >$folder.status
		sort /dev/shm/out >$folder.out
	done' sh $folders 2>box || sed 's/^/# /' box
[ "$(cat plain/?.out | grep -c 'hello!')" -eq 5 ]
ok $? 'five guests say hello'
for folder in $folders; do
	sort "$folder.want_out" | cmp -s - "$folder.out" &&
		cmp -s "$folder.status" "$folder.want_status" &&
		cmp -s "$folder.err" "$folder.want_err"
	ok $? "$folder: runs" ||
		head -n 20 "$folder.status" "$folder.out" "$folder.err" |
			sed 's/^/# /'
done
done_testing
