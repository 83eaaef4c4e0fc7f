# shellcheck shell=sh disable=SC2034,SC2154
# A thread that does what its guest might make it do, if there were a way.

mkdir vm1 vm2
for folder in . vm1 vm2; do
	echo mine >$folder/given
done

# A shell may have a word to say of such an end on stderr. 31 is SIGSYS.
for what in execve socket ioctl; do
	export SUBVERT=$what
	hv -m 2 -p 4 -g g/file.img -f given
	[ "$status" -eq $((128 + 31)) ] && [ ! -s out ] && ! grep -q worked err
	ok $? "a thread that tries $what" || sed 's/^/# /' out err
done
# subverted WHAT ERR: a run whose thread does WHAT, and goes on.
subverted() {
	export SUBVERT="$1"
	hv -m 2 -p 4 -g g/file.img -f given
	printf mine >want_out
	echo "$2" >want_err
	seen "a thread that tries $1" 0
}
for what in read:/etc/passwd read:given read:vm2/given write:vm2/new \
	write:new write:given unlink:given unlink:vm2/given; do
	subverted $what EACCES
done
for what in read:vm1/given write:vm1/new unlink:vm1/given; do
	subverted $what worked
done
unset SUBVERT
rm -r vm1 vm2
