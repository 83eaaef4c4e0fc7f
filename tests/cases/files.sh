# shellcheck shell=sh disable=SC2034,SC2154,SC3045
# Guests with files.

version=$here/../Version_C
cp "$version/guest1.img" "$version/guest2.img" "$version/flowers.png" .
hv -m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png </dev/null
[ "$status" -eq 0 ] && [ ! -s err ]
ok $? "the specification's example" || sed 's/^/# /' out err
cmp flowers.png "$version/flowers.png"
ok $? 'leaves the shared picture as it was'
for number in 1 2; do
	cmp vm$number/flowers.png "$here/pictures/vm$number.png"
	ok $? "and paints a copy of it, as the README shows it, $number"
	[ -s vm$number/guest$number.txt ]
	ok $? 'and makes a file of its own'
done
for text in 'guest1: flowers.png: petals painted blue' \
	'guest2: flowers.png: petals painted yellow' \
	'guest1: guest2.txt: there is no such file for me' \
	'guest2: guest1.txt: there is no such file for me'; do
	grep -qF "$text" out
	ok $? "says $text"
done
cp -r vm1 first
hv -m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png </dev/null
cmp vm1/flowers.png first/flowers.png && cmp vm1/guest1.txt first/guest1.txt
ok $? 'a second run in the same folder does the same'
rm -r vm1 vm2 first

wrong='the file device takes four bytes'
name='OUT of two bytes'
if [ "$emulates" ]; then
	skip "$name" "$emulates: rip is after the OUT"
else
	run 4 2 width
	ended "$name" 1 'before\n' \
		"OUT of 2 bytes, port 0x278, at rip $(cat g/width.rip): $wrong"
fi
run 4 2 width_in
ended 'IN of one byte' 1 'before\n' \
	"IN of 1 byte, port 0x278, at rip $(cat g/width_in.rip): $wrong"

run 4 2 calls
{
	le32 -14 3		# EFAULT, and a handle
	le32 5 5
} >want_out
: >want_err
seen 'calls before any OUT, and with rep outsl and rep insl' 0
printf 'twice\0' | head -c 5 >want
cat want want | cmp - vm1/twice
ok $? 'do as single ones'
rm -r vm1

# same_files NUMBER SEED: the shared files, with VM NUMBER's own in their place,
# are what that seed's must be.
same_files() {
	rm -rf all
	mkdir all
	cp big small given/* all
	[ ! -e vm"$1" ] || cp vm"$1"/* all
	diff -r all "$here/replay/$2/files"
}
: >want_err
for seed in 1 2 3 4 5; do
	replay $seed
	cp replay.img replay$seed.img
	# shellcheck disable=SC2086
	hv -m 4 -p 4 -g replay.img -f $shared
	cp "$here/replay/$seed/output" want_out
	seen "a real guest's random calls do as plain copies do, $seed" 0
	same_files 1 $seed
	ok $? 'and leave the same files'
	rm -rf vm1
done
# shellcheck disable=SC2086
hv -m 4 -p 4 -g replay1.img replay2.img replay3.img -f $shared
[ "$status" -eq 0 ] && [ ! -s err ] && same_files 1 1 && same_files 2 2 &&
	same_files 3 3
ok $? 'and those of three guests at once'
rm -rf vm1 vm2 vm3

# refused TEXT FILE...: the files are not shared, for that reason.
refused() {
	echo "mini_hypervisor: $1" >want_err
	: >want_out
	shift
	hv -m 2 -p 4 -g g/hello.img -f "$@"
	seen "refused: -f $*" 1
}
mkdir other
echo x >other/big
cp other/big ./-dash
long=$(printf %0256d 0)
refused 'other: is not a regular file' other
refused 'in: is not a regular file' in
refused './-dash: has a name that no guest may use' ./-dash
refused "$long: File name too long" "$long"
refused 'other/big: has the same name as big, which is shared too' big other/big
refused 'small: has the same name as small, which is shared too' small small
refused 'other: is not a regular file
mini_hypervisor: in: is not a regular file' other small in
if [ "$tested" = covered/hypervisor ]; then
	skip 'no memory for the list' 'AddressSanitizer reserves terabytes'
else
	echo 'mini_hypervisor: calloc: Cannot allocate memory' >want_err
	(
		ulimit -v 10000
		# shellcheck disable=SC2046
		exec "$program" -m 2 -p 4 -g g/hello.img \
			-f $(yes x | head -n 100000)
	) >out 2>err
	status=$?
	seen 'no memory for the list of files' 1
fi
name='a working directory that may not be read'
if has_user "$name"; then
	mkdir closed
	chmod 311 closed
	echo 'mini_hypervisor: working directory: Permission denied' >want_err
	(cd closed && as_user "$work/program" -m 2 -p 4 -g ../g/hello.img) \
		>out 2>err
	status=$?
	seen "$name" 1
	rmdir closed
fi

in_background g/prompt.img
wait_for out name
echo 'mini_hypervisor: working directory: is in use by another run, which has'\
' its files in vm1, vm2, ...' >want_err
timeout 60 "$program" -m 2 -p 4 -g g/hello.img >out 2>err
status=$?
: >want_out
seen 'two runs at once in one folder' 1
stop INT
[ ! -e vm1 ]
ok $? 'a guest without files leaves no folder'
in_background g/prompt.img
wait_for out name
stop HUP
[ "$status" -eq 129 ] && [ ! -e vm1 ]
ok $? 'nor does one that SIGHUP ends'

image=g/echo.img
hv -m 2 -p 4 -g "$image" -f big <&-
ended 'a closed standard input' 1 '' 'standard input: Bad file descriptor'
"$program" -m 2 -p 4 -g g/hello.img -f big >&- 2>err
status=$?
: >out
image=g/hello.img
ended 'a closed standard output' 1 '' 'standard output: Bad file descriptor'
if may_change 'no /dev/null'; then
	mv /dev/null /dev/null.away
	hv -m 2 -p 4 -g g/echo.img -f big <&-
	mv /dev/null.away /dev/null
	image=/dev/null
	ended 'no /dev/null' 1 '' 'No such file or directory'
fi
