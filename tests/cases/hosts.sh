# shellcheck shell=sh disable=SC2034,SC2154,SC3045
# File systems that differ from the one of memory, where the other cases are:
# FAT, those of FUSE, and 9p, on which an AMD box has this machine's files.

# mounted NAME COMMAND...: a test that is passed when the command, which may
# stay, mounts the new folder host.
mounted() {
	name=$1
	shift
	mkdir host
	"$@" 2>said &
	wait_until mountpoint -q host
	ok $? "$name is there" || sed 's/^/# /' said
}

# in_folder FOLDER ARGUMENT...: runs the hypervisor there; see hv.
in_folder() {
	(
		cd "$1" && shift && exec timeout 120 "$work/program" "$@"
	) >out 2>err
	status=$?
}

{
	call 1 0 0 1 'own\0'
	call 4 3 3 0 abc
	call 2 3 0 0
	call 1 0 0 2 'orig\0'
	call 4 3 1 0 A
	call 2 3 0 0
	call 3 0 1 0
	call 1 0 0 2 'own\0'
	call 3 3 9 0
	call 4 3 1 0 d
	call 1 0 0 2 'orig\0'
	call 3 4 9 0
	call 4 4 1 0 B
} | calls >kept.img

# kept: tests that in host a guest's files stay its own, whatever the user does
# and the kernel forgets meanwhile.
kept() {
	echo original >host/orig
	(
		cd host && exec "$work/program" -m 2 -p 4 -g ../kept.img \
			-f orig
	) <in >out 2>err &
	pid=$!
	exec 4<>in
	wait_until waits_to_read
	# drop_caches skips dirty pages.
	sync
	echo 2 >/proc/sys/vm/drop_caches
	{
		ln host/vm1/orig host/backup
		chmod 0 host/vm1/orig
	} 2>/dev/null		# FAT has neither
	rm host/vm1/own
	echo user >host/vm1/own
	sync
	echo 2 >/proc/sys/vm/drop_caches
	echo x >&4
	wait $pid
	status=$?
	exec 4>&-
	results "$1: what a guest has made" 3 3 0 3 1 0 1 x 3 3 abc 1 4 \
		9 'Ariginal\n' 1
	printf 'Ariginal\nB' | cmp - host/vm1/orig &&
		[ "$(cat host/orig host/vm1/own)" = 'original
user' ]
	ok $? 'stays what it is, whatever becomes of its names'
}

# unmounted: unmounts host, when the kernel has freed the last Landlock rules.
unmounted() {
	wait_until umount host 2>/dev/null
	rmdir host
}

# The shared files are orig and vm1/given.
{
	call 1 0 0 1 '.NEW\0'
	call 4 3 3 0 new
	call 1 0 0 2 'own\0'
	call 4 4 5 0 lower
	call 1 0 0 2 'OWN\0'
	call 4 5 5 0 UPPER
	call 5 4 0 0
	call 3 4 9 0
	call 1 0 0 2 'GIVEN\0'
	call 1 0 0 0 'Orig\0'
} | calls >case.img

# Requests that ticks interrupt, if they can, of each kind.
{
	call 1 0 0 1 'own\0'
	call 4 3 3 0 abc
	call 1 0 0 513 'own\0'
	call 4 4 2 0 de
	call 1 0 0 2 'orig\0'
	call 3 5 9 0
	call 4 5 1 0 A
	call 1 0 0 514 'orig\0'
	call 3 6 9 0
} | calls >slow.img

if may_change 'other file systems'; then
	for module in fuse loop fat nls_cp437 nls_ascii vfat; do
		file=$here/.cache/kernel/$module.ko
		[ ! -e "$file" ] || insmod "$file"	# it may be built in
	done

	truncate -s 4M fat
	mkdosfs fat >/dev/null
	mounted FAT mount -o loop -t vfat fat host
	kept FAT
	rm -r host/vm1
	mkdir host/vm1
	echo user >host/vm1/given
	in_folder host -m 2 -p 4 -g ../case.img -f orig vm1/given
	results 'FAT: names that differ in case' 3 3 4 5 5 5 0 5 lower -13 -2
	[ "$(cat host/vm1/.NEW host/vm1/own host/vm1/given)" = 'newUPPERuser' ]
	ok $? 'the last of them is there, and what was given is left alone'
	unmounted

	mkdir upper lower back
	printf '#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n' >sftp
	chmod +x sftp
	mounted sshfs sshfs -o "ssh_command=$work/sftp" "host:$work/back" host
	kept sshfs
	unmounted
	if command -v unionfs-fuse >/dev/null; then
		mounted unionfs-fuse unionfs-fuse -o cow upper=RW:lower=RO host
		kept unionfs-fuse
		unmounted
	else
		skip unionfs-fuse 'Debian 13 has none'
	fi

	rm -r back
	mkdir back
	# shellcheck disable=SC2016
	mounted slow_fs sh -c 'cd back && exec "$0" -f ../host' "$here/slow_fs"
	echo original >host/orig
	in_folder host -m 2 -p 4 -g ../slow.img -f orig
	results 'ticks while calls of FUSE wait' 3 3 4 2 5 9 'original\n' 1 6 0
	[ "$(cat back/vm1/own)" = de ] && [ ! -s back/vm1/orig ]
	ok $? 'interrupt none of them'
	unmounted
	wait
fi

ninth=$(mktemp -d)
images=
for number in $(seq 50); do
	cp g/hello.img "$ninth/$number"
	images="$images $number"
done
# shellcheck disable=SC2086
in_folder "$ninth" -m 2 -p 4 -g $images
seq 50 | sed 's/.*/hello/' >want_out
: >want_err
seen '9p: fifty images' 0
head -c 824993 /dev/zero | tr '\0' '\377' >"$ninth/large"
{
	call 1 0 0 0 'large\0'
	call 3 3 824993 0
} | calls >"$ninth/1"
in_folder "$ninth" -m 2 -p 4 -g 1 -f large
{
	le32 3 824993
	cat "$ninth/large"
} >want_out
seen '9p: a read of 824 993 bytes is whole' 0
rm -r "$ninth"
