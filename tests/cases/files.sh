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

for guest in width:OUT:2:s width_in:IN:1:; do
	what=${guest#*:}
	count=${what#*:}
	guest=${guest%%:*}
	[ "$emulates" ] && [ "$guest" = width ] && {
		skip "another width: $guest" "$emulates: rip is after the OUT"
		continue
	}
	run 4 2 "$guest"
	ended "another width: $guest" 1 'before\n' "${what%%:*} of ${count%:*} \
byte${count#*:}, port 0x278, at rip $(cat "g/$guest.rip"): the file device takes \
four bytes"
done

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

name='one exit to user space a call, whatever its size'
if [ "$BOX" = intel ]; then
	skip "$name" 'Bochs carries no strace'
else
	for size in 1 1048576; do
		le32 $size | ASAN_OPTIONS=detect_leaks=0 strace -f \
			-e trace=ioctl -o traced "$program" -m 2 -p 4 \
			-g g/write.img >out 2>err
		# What a signal cut short is no exit of the guest's.
		[ ! -s err ] && [ "$(wc -c <vm1/written)" -eq $size ] &&
			[ "$(grep -c 'KVM_RUN.* = 0$' traced)" -eq 8 ]
		ok $? "$name: $size bytes" || cat err traced | sed 's/^/# /'
	done
fi
rm -r vm1

# same_files NUMBER SEED: VM NUMBER's files are what that seed's must be; of a
# shared file that it did not write there is no copy.
same_files() {
	for file in "$here/replay/$2/files"/*; do
		name=${file##*/}
		copy=vm$1/$name
		[ -e "$copy" ] || copy=$name
		[ -e "$copy" ] || copy=given/$name
		cmp "$copy" "$file" || return
	done
	for file in vm"$1"/*; do
		[ ! -e "$file" ] || [ -e "$here/replay/$2/files/${file##*/}" ] ||
			return
	done
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

# Ten guests write the whole of one shared file at once.
head -c 1048576 /dev/zero >big
printf '%s\n' a b c d e f g h i j >input
# shellcheck disable=SC2046
hv -m 2 -p 4 -g $(printf 'g/stamp.img %.0s' 1 2 3 4 5 6 7 8 9 10) -f big <input
printf 'stamped\n%.0s' 1 2 3 4 5 6 7 8 9 10 >want_out
seen 'ten guests write one shared file at once' 0
for number in 1 2 3 4 5 6 7 8 9 10; do
	letter=$(head -c 1 vm$number/big)
	[ "$(tr -d "$letter" <vm$number/big | wc -c)" -eq 0 ] &&
		[ "$(wc -c <vm$number/big)" -eq 1048576 ] && echo "$letter"
done | sort | cmp - input
ok $? 'each its own copy'
[ "$(tr -d '\0' <big | wc -c)" -eq 0 ]
ok $? 'and the original is as it was'
rm -r vm1 vm2 vm3 vm4 vm5 vm6 vm7 vm8 vm9 vm10

echo a >input
chmod 444 big
if may_change 'a disk that is full'; then
	mkdir small_disk
	mount -t tmpfs -o size=300k tmpfs small_disk
	ok $? 'a disk of 300 KiB'
	(
		cd small_disk || exit
		timeout 60 ../program -m 2 -p 4 -g ../g/stamp.img -f ../big \
			<../input >../out 2>../err
		echo $? >../code
		find . -name big
	) >found
	status=$(cat code)
	printf 'failed\n' >want_out
	seen 'a disk that is full in the middle of the copy' 0
	[ ! -s found ]
	ok $? 'keeps no half of it'
	(
		cd small_disk || exit
		timeout 60 ../program -m 2 -p 4 -g ../g/stamp.img \
			<../input >../out 2>../err
		echo $? >../code
		head -c 4096 vm1/big | tr -d a
		wc -c <vm1/big
	) >found
	status=$(cat code)
	seen 'a disk that is full in the middle of a file of its own' 0
	[ "$(cat found)" -ge 200000 ]
	ok $? 'has what was written before'
	umount -l small_disk
fi

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
		"$program" -m 2 -p 4 -g g/hello.img \
			-f $(yes x | head -n 100000) >out 2>err
		echo $? >code
	)
	status=$(cat code)
	seen 'no memory for the list of files' 1
fi
name='a working directory that may not be read'
if has_user "$name"; then
	mkdir closed
	chmod 311 closed
	echo 'mini_hypervisor: working directory: Permission denied' >want_err
	(
		cd closed || exit
		as_user "$work/program" -m 2 -p 4 -g ../g/hello.img \
			>../out 2>../err
		echo $? >../code
	)
	status=$(cat code)
	seen "$name" 1
	rmdir closed
fi

in_background g/prompt.img
wait_for out name
echo 'mini_hypervisor: working directory: is in use by another run, which has'\
' its files in vm1, vm2, ...' >want_err
cp err first_err
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

name='what was printed goes out before a copy begins'
if [ "$BOX" = intel ]; then
	skip "$name" 'Bochs carries no strace'
else
	{
		call 4 1 6 0 'hello\n'
		call 1 0 0 2 'big\0'
		call 4 3 1 0 x
	} | calls >calls.img
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=write,copy_file_range \
		-o traced "$program" -m 2 -p 4 -g calls.img -f big >out 2>err
	calls=$(grep -o 'write(1,\|copy_file_range(' traced | tr '\n' ' ')
	[ "$calls" = 'write(1, copy_file_range( write(1, ' ] && [ ! -s err ]
	ok $? "$name" || echo "# $calls"
	rm -r vm1
fi

echo original >orig
echo one >log
{
	call 1 0 0 2 'orig\0'
	call 4 3 1 0 A
	call 2 3 0 0
	call 1 0 0 1 'own\0'
	call 2 3 0 0
	call 1 0 0 1025 'log\0'
	call 3 0 1 0
	call 1 0 0 2 'orig\0'
	call 3 4 20 0
	call 4 4 1 0 B
	call 1 0 0 1 'own\0'
	call 4 5 5 0 guest
	call 4 3 3 0 end
} | calls >calls.img
"$program" -m 2 -p 4 -g calls.img -f orig log <in >out 2>err &
pid=$!
exec 4<>in
wait_until waits_to_read
ln vm1/orig backup
chmod 400 vm1/orig
rm vm1/own
echo user >vm1/own
echo two >>log
echo x >&4
wait $pid
status=$?
exec 4>&-
results 'files that the user links, removes and changes meanwhile' \
	3 1 0 3 0 3 1 x 4 9 'Ariginal\n' 1 5 5 3
printf 'Ariginal\nB' | cmp - vm1/orig && [ "$(cat orig vm1/own)" = 'original
user' ]
ok $? 'are each what they were for the guest and for the user'
printf 'one\ntwo\nend' | cmp - vm1/log
ok $? 'and O_APPEND writes at the end that the original has by then'
rm -r vm1 backup

{
	call 1 0 0 2 'status\0'
	call 4 3 1 0 X
} | calls >calls.img
hv -m 2 -p 4 -g calls.img -f /proc/self/status
results 'a file of /proc' 3 1
grep -q '^Xame:' vm1/status && grep -q '^VmRSS:' vm1/status
ok $? 'is copied'
rm -r vm1

truncate -s 300M sparse
chmod 640 sparse
truncate -s 3G huge
{
	call 1 0 0 2 'huge\0'
	call 4 3 1 0 x
	call 1 0 0 2 'sparse\0'
	call 4 4 1 0 x
} | calls >calls.img
hv -m 2 -p 4 -g calls.img -f sparse huge
results 'a file with holes, and one over 2 GiB' 3 -27 4 1
[ "$(stat -c '%s %a' vm1/sparse)" = '314572800 640' ] &&
	[ "$(stat -c %b vm1/sparse)" -lt 1000 ] && [ ! -e vm1/huge ]
ok $? 'holes stay holes, the mode stays, and of the other there is no copy'
rm -r vm1 sparse huge
