# shellcheck shell=sh disable=SC2034,SC2154,SC3045
# File systems that differ from the one of memory, where the other cases are:
# FAT, and 9p, on which an AMD box has this machine's files.

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

# forget: has the kernel forget what it knows of files; it skips dirty pages.
forget() {
	sync
	echo 2 >/proc/sys/vm/drop_caches
}

if may_change 'FAT'; then
	for module in loop fat nls_cp437 nls_ascii vfat; do
		file=$here/.cache/kernel/$module.ko
		[ ! -e "$file" ] || insmod "$file"	# it may be built in
	done
	truncate -s 4M fat
	mkdosfs fat >/dev/null
	mkdir host
	check 'FAT is there' mount -o loop -t vfat fat host
	echo original >host/orig
	(
		cd host && exec "$work/program" -m 2 -p 4 -g ../kept.img \
			-f orig
	) <in >out 2>err &
	pid=$!
	exec 4<>in
	wait_until waits_to_read
	forget
	rm host/vm1/own
	echo user >host/vm1/own
	forget
	echo x >&4
	wait $pid
	status=$?
	exec 4>&-
	results 'FAT: what a guest has made' 3 3 0 3 1 0 1 x 3 3 abc 1 4 \
		9 'Ariginal\n' 1
	printf 'Ariginal\nB' | cmp - host/vm1/orig &&
		[ "$(cat host/orig host/vm1/own)" = 'original
user' ]
	ok $? 'stays what it is, whatever becomes of its names'

	rm -r host/vm1
	mkdir host/vm1
	echo user >host/vm1/given
	(
		cd host && exec "$work/program" -m 2 -p 4 -g ../case.img \
			-f orig vm1/given
	) >out 2>err
	status=$?
	results 'FAT: names that differ in case' 3 3 4 5 5 5 0 5 lower -13 -2
	[ "$(cat host/vm1/.NEW host/vm1/own host/vm1/given)" = 'newUPPERuser' ]
	ok $? 'the last of them is there, and what was given is left alone'
	# The kernel has to free the last Landlock rules first.
	wait_until umount host 2>/dev/null
	rmdir host
fi

ninth=$(mktemp -d)
head -c 824993 /dev/zero | tr '\0' '\377' >"$ninth/large"
{
	call 1 0 0 0 'large\0'
	call 3 3 824993 0
} | calls >"$ninth/large.img"
(cd "$ninth" && exec "$work/program" -m 2 -p 4 -g large.img -f large) \
	>out 2>err
status=$?
{
	le32 3 824993
	cat "$ninth/large"
} >want_out
: >want_err
seen '9p: a read of 824 993 bytes is whole' 0
rm -r "$ninth"
