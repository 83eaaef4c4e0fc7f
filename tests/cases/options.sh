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
good --guest=g/hello.img --page=4 --memory=8
good -gg/hello.img -m4 -p2
good -m 2 -m 4 -p 2 -g g/hello.img
good -m 2 -p 4 -g g/hello.img --

"$program" -h >usage 2>err
status=$?
cp usage want_out
cp usage out
seen '-h succeeds' 0
grep -q '^usage: mini_hypervisor ' usage
ok $? '-h shows the usage'
hv -m 3 --help
sed 1d err >shown
{ [ "$status" -eq 2 ] && cmp -s shown usage; }
ok $? 'what stands before --help is checked first'
hv --help -m 3
seen '--help' 0
"$program" -h >/dev/full 2>err
status=$?
echo 'mini_hypervisor: standard output: No space left on device' >want_err
: >out
: >want_out
seen '-h into a full disk fails' 1

# bad TEXT ARGUMENT...: the arguments are refused with TEXT.
: >want_out
bad() {
	{
		echo "mini_hypervisor: $1"
		cat usage
	} >want_err
	shift
	hv "$@"
	seen "refused: $(printf %s "$*" | tr '\n' '?')" 2
}
bad '--memory: it is missing'
bad '--memory: it is missing' -p 4 -g g/hello.img
bad '--page: it is missing' -m 4 -g g/hello.img
bad '--guest: it is missing' -m 4 -p 4
for value in 3 4x '' -1 04 4MB 0 16 ' 4' ','; do
	bad "--memory: it takes 2, 4 or 8, not \"$value\"" \
		-m "$value" -p 4 -g g/hello.img
	bad "--page: it takes 4 or 2, not \"$value\"" \
		-m 4 --page "$value" -g g/hello.img
done
bad 'x: it belongs to no option' x -m 4 -p 4 -g g/hello.img
bad 'x: it belongs to no option' -m 4 x -p 4 -g g/hello.img
bad 'x: it belongs to no option' -g g/hello.img -m 4 x -p 4
several='a
b'
bad '--memory: it takes 2, 4 or 8, not "a?b"' -m "$several" -p 4 -g g/hello.img
bad '--page: it takes 4 or 2, not "a?b"' -m 4 -p "$several" -g g/hello.img
bad 'a?b: it belongs to no option' "$several"
bad '--a?b: there is no such option' "--$several"
bad 'x: it belongs to no option' -m 4 -p 4 -- x
bad '--memory: it needs a value' -p 4 -g g/hello.img --memory
bad '-g: it needs a value' -m 4 -p 4 -g
bad '-x: there is no such option' -m 4 -p 4 -x -g g/hello.img
bad '-x: there is no such option' -m 4 -p 4 -xh -g g/hello.img
bad '--frob: there is no such option' -m 4 -p 4 --frob -g g/hello.img
if [ "$level" = A ]; then
	for more in 'g/hello.img' '-g x' '--guest=x' 'x'; do
		name=${more#-g }
		name=${name#--guest=}
		# shellcheck disable=SC2086
		bad "--guest: this version runs one, and not \"$name\" too" \
			-m 4 -p 4 -g g/hello.img $more
	done
fi

: >unreadable.img
chmod 0 unreadable.img
chmod 755 .
: >want_out
echo 'mini_hypervisor: unreadable.img: Permission denied' >want_err
as_user "$program" -m 4 -p 4 -g unreadable.img >out 2>err
status=$?
seen 'an image that may not be read' 1

echo 'mini_hypervisor: two?lines: No such file or directory' >want_err
hv -m 4 -p 4 -g "$(printf 'two\nlines')"
seen 'a message is one line, whatever the name' 1

image=/dev/kvm
if may_change 'no right to open /dev/kvm'; then
	kvm_mode=$(stat -c %a /dev/kvm)
	chmod 600 /dev/kvm
	as_user "$program" -m 4 -p 4 -g g/hello.img >out 2>err
	status=$?
	chmod "$kvm_mode" /dev/kvm
	# shellcheck disable=SC2016
	ended 'no right to open /dev/kvm' 1 '' 'Permission denied; join its '\
'group (sudo usermod -aG kvm $USER) and log in again'
fi
if may_change 'no /dev/kvm'; then
	mv /dev/kvm /dev/kvm.away
	hv -m 4 -p 4 -g g/hello.img
	ended 'no /dev/kvm' 1 '' 'No such file or directory; enable '\
'virtualization in the firmware and load the module kvm_intel or kvm_amd'
	mkdir /dev/kvm
	hv -m 4 -p 4 -g g/hello.img
	rmdir /dev/kvm
	ended 'a folder /dev/kvm' 1 '' 'Is a directory'
	ln -s null /dev/kvm
	hv -m 4 -p 4 -g g/hello.img
	rm /dev/kvm
	mv /dev/kvm.away /dev/kvm
	ended 'another device' 1 '' \
		'KVM_GET_API_VERSION: Inappropriate ioctl for device'
fi
