#!/bin/sh
# Tests on this machine's /dev/kvm.
#
#	tests/kvm.sh				each version, with its cases
#	tests/kvm.sh LEVEL PROGRAM CASE...	a program, as version LEVEL
#	tests/kvm.sh each CASE...		each version, with these cases
#
# A version's text holds most of the one before, so not everything
# is tested again.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in /dev/shm

# suite LEVEL PROGRAM CASE...: runs the cases on a program, whose path is told
# from this folder.
suite() {
	level=$1
	# shellcheck disable=SC2034
	tested=$2
	cp "$here/$2" program || exit 1
	# Its libraries come with it: the host's files are slow to load.
	libraries=$(ldd program 2>/dev/null | grep -o '/[^ ]*' |
		grep -v "^$work") && {
		mkdir -p lib
		# shellcheck disable=SC2086
		cp $libraries lib
		export LD_LIBRARY_PATH="$work/lib"
	}
	shift 2
	for case; do
		echo "# $level: $case"
		# shellcheck disable=SC1090
		. "$here/cases/$case.sh"
	done
}

chmod 755 "$work"
mkdir "$work/g" "$work/bin"
cp "$here"/guests/*.img "$here"/guests/*.rip "$work/g"
cp /bin/busybox "$work/bin"
mkfifo in
program=./program
# Why this KVM has to emulate what guests execute, if it has.
emulates=$("$here/kvm-here")
# The same tools everywhere, and quick ones.
bin/busybox --install -s bin
PATH=$work/bin:$PATH

# Bochs' machine has no users yet.
[ -e /etc/passwd ] || {
	mkdir -p /etc
	echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
	echo 'nogroup:x:65534:' >/etc/group
}

if [ "$1" = each ]; then
	shift
	for version in A B C; do
		suite $version "../Version_$version/mini_hypervisor" "$@"
	done
elif [ $# -gt 0 ]; then
	suite "$@"
else
	if [ "$emulates" ]; then
		suite A ../Version_A/mini_hypervisor example console options
		suite B ../Version_B/mini_hypervisor example options
		suite C ../Version_C/mini_hypervisor options files
		level=
		for case in memory cpu faults many limits load hosts; do
			skip $case "$emulates"
		done
	else
		suite A ../Version_A/mini_hypervisor example \
			memory cpu faults console options
		suite B ../Version_B/mini_hypervisor \
			example console options many limits
		suite C ../Version_C/mini_hypervisor options limits files
	fi
	suite C ../Version_C/mini_hypervisor confined
	if [ "$BOX" = intel ]; then
		level=
		for case in load hosts 'confined, as others build it' subverted; do
			skip "$case" 'no matter of the CPU; guests-amd.t has it'
		done
	else
		[ "$emulates" ] ||
			suite C ../Version_C/mini_hypervisor load hosts
		for build in hv_dynamic hv_musl; do
			suite C $build confined
		done
		suite C subverted subverted
	fi
fi
done_testing
