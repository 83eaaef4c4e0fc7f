# shellcheck shell=sh disable=SC2034,SC2154
# The command line and /dev/kvm.

printf 'hello\n' >want_out
: >want_err
good() {
	hv "$@"
	seen "$*" 0
}
good -m 2 -p 4 -g g/hello.img
good --memory 4 --page 2 --guest g/hello.img
good --guest g/hello.img --page 4 --memory 8

"$program" -h >usage 2>err
status=$?
cp usage want_out
cp usage out
seen '-h succeeds' 0
grep -q '^usage: mini_hypervisor ' usage
ok $? '-h shows the usage'
hv --help -m 3
seen '--help' 0
"$program" -h >/dev/full 2>err
status=$?
echo 'mini_hypervisor: standard output: No space left on device' >want_err
: >out
: >want_out
seen '-h into a full disk fails' 1

# bad LINE ARGUMENT...: the arguments are refused with that line and the usage.
bad() {
	{
		echo "$1"
		cat usage
	} >want_err
	shift
	hv "$@"
	seen "refused: $(printf %s "$*" | tr '\n' '?')" 2
}
ours=mini_hypervisor:
bad "$ours --memory: is required"
bad "$ours --memory: is required" -p 4 -g g/hello.img
bad "$ours --page: is required" -m 4 -g g/hello.img
bad "$ours --guest: is required" -m 4 -p 4
for value in 3 4x '' -1 04 4MB 0 16 ' 4' ','; do
	bad "$ours --memory: must be 2, 4 or 8, not \"$value\"" \
		-m "$value" -p 4 -g g/hello.img
	bad "$ours --page: must be 4 or 2, not \"$value\"" \
		-m 4 --page "$value" -g g/hello.img
done
bad "$ours --memory: must be 2, 4 or 8, not \"3\"" -m 3 --help
bad "$ours --memory: is given twice" -m 2 -m 4 -p 2 -g g/hello.img
bad "$ours --page: is given twice" -m 2 -p 4 -p 4 -g g/hello.img
bad "$ours x: is an unexpected argument" -m 4 x -p 4 -g g/hello.img
several='a
b'
bad "$ours --memory: must be 2, 4 or 8, not \"a?b\"" \
	-m "$several" -p 4 -g g/hello.img
bad "$ours a?b: is an unexpected argument" "$several"
bad "$program: option requires an argument -- 'g'" -m 4 -p 4 -g
bad "$program: invalid option -- 'x'" -m 4 -p 4 -xh -g g/hello.img
if [ "$level" = A ]; then
	bad "$ours x: is an unexpected argument" -m 4 -p 4 -g g/hello.img x
	bad "$ours --guest: is given twice" -m 4 -p 4 -g g/hello.img --guest=x
fi

: >want_out
name='an image that may not be read'
if has_user "$name"; then
	: >unreadable.img
	chmod 0 unreadable.img
	chmod 755 .
	echo 'mini_hypervisor: unreadable.img: Permission denied' >want_err
	as_user "$program" -m 4 -p 4 -g unreadable.img >out 2>err
	status=$?
	seen "$name" 1
	rm unreadable.img
fi

echo 'mini_hypervisor: two?lines: No such file or directory' >want_err
hv -m 4 -p 4 -g "$(printf 'two\nlines')"
seen 'a message is one line, whatever the name' 1

image=/dev/fd/0
# shellcheck disable=SC2002
cat g/hello.img | {
	hv -m 4 -p 4 -g "$image"
	echo "$status" >code
}
status=$(cat code)
ended 'an image that is an open pipe' 0 'hello\n' ''
image=program
hv -m 4 -p 4 -g "$image"
ended 'an ELF file for an image' 1 '' \
	'is an ELF file; a guest is a flat binary: objcopy -O binary'
if [ "$level" != A ]; then
	: >empty.img
	truncate -s 4194305 large.img
	hv -m 4 -p 4 -g g/hello.img missing.img empty.img large.img . \
		program g/hello.img -g g/hello.img
	sort -o err err
	sed 's/^/mini_hypervisor: /' >want_err <<-END
		.: Is a directory
		empty.img: is empty
		large.img: is larger than the guest's memory, 4 MiB
		missing.img: No such file or directory
		program: is an ELF file; a guest is a flat binary: objcopy -O binary
	END
	printf 'hello\nhello\nhello\n' >want_out
	seen 'bad images stop no other guest' 1
fi

image=/dev/kvm
if may_change 'no right to open /dev/kvm'; then
	kvm_mode=$(stat -c %a /dev/kvm)
	chmod 600 /dev/kvm
	as_user "$program" -m 4 -p 4 -g g/hello.img >out 2>err
	status=$?
	chmod "$kvm_mode" /dev/kvm
	# shellcheck disable=SC2016
	ended 'no right to open /dev/kvm' 1 '' 'Permission denied; in a '\
'container, start it with --device /dev/kvm; else join its group (sudo usermod '\
'-aG kvm $USER) and log in again'
fi
if may_change 'no /dev/kvm'; then
	mv /dev/kvm /dev/kvm.away
	hv -m 4 -p 4 -g g/hello.img
	ended 'no /dev/kvm' 1 '' 'No such file or directory; in a container, '\
'start it with --device /dev/kvm; else load kvm_intel or kvm_amd, with '\
'virtualization enabled in the firmware'
	ln -s null /dev/kvm
	hv -m 4 -p 4 -g g/hello.img
	rm /dev/kvm
	mv /dev/kvm.away /dev/kvm
	ended 'another device' 1 '' 'is not KVM with API version 12'
fi
