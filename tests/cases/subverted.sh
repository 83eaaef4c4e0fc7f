# shellcheck shell=sh disable=SC2012,SC2034,SC2154
# Threads that do what a guest might make them do, if there were a way.

rm -rf given				# of a case before
mkdir vm1 vm2
for folder in . vm1 vm2; do
	echo mine >$folder/given
done
ls -lR g vm1 vm2 >before

# subverted WHO ERROR WHAT...: runs whose thread does WHAT, gets ERROR, and goes
# on: two guests, which print what they read.
subverted() {
	who=$1
	error=$2
	shift 2
	printf minemine >want_out
	echo "$error" >want_err
	[ "$who" = main ] || [ "$who" = other ] || echo "$error" >>want_err
	for what; do
		export SUBVERT="$who:$what"
		hv -m 2 -p 4 -g g/file.img g/file.img -f given
		seen "$who tries $what" 0
	done
}

for who in ${WHO:-self main other new}; do
	subverted "$who" ENOSYS execve fork clone vfork socket ioctl ptrace \
		kill killall mmap mprotect setuid:vm1/set setgid:vm1/set chmod:vm1/given \
		link:vm1/link truncate:g/file.img truncate:vm1/given \
		truncate2:g/file.img write:given write:g/file.img \
		read:/etc/passwd read:vm1/given
	subverted "$who" EACCES make:new unlink:given
done
ls -lR g vm1 vm2 | cmp - before
ok $? 'and nothing has changed'
export SUBVERT=self:make:vm1/new
hv -m 2 -p 4 -g g/file.img -f given
printf mine >want_out
echo worked >want_err
seen 'but a new file in a folder can be made' 0

export SUBVERT=new:socket
"$program" -m 2 -p 4 -g g/hello.img >/dev/full 2>err
status=$?
{
	echo ENOSYS
	echo 'mini_hypervisor: g/hello.img: standard output: No space left on device'
} >want_err
[ $status -eq 1 ] && cmp err want_err
ok $? 'a thread that was refused a call says its message'
unset SUBVERT
rm -r vm1 vm2
