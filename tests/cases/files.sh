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
	[ "$(wc -c <vm$number/flowers.png)" = "$(wc -c <flowers.png)" ] &&
		! cmp -s vm$number/flowers.png flowers.png
	ok $? "and paints a copy of it, $number"
	[ -s vm$number/guest$number.txt ]
	ok $? 'and makes a file of its own'
done
! cmp -s vm1/flowers.png vm2/flowers.png
ok $? 'in two colours'
for text in 'guest1: flowers.png: petals painted blue' \
	'guest2: flowers.png: petals painted yellow' \
	'guest1: guest2.txt: there is no such file for me' \
	'guest2: guest1.txt: there is no such file for me'; do
	grep -qF "$text" out
	ok $? "says $text"
done
# petal PICTURE: the red, green and blue of a light petal, as pngcheck, a real
# decoder, finds them in a picture that is whole.
petal() {
	pngcheck -vp "$1" >decoded && grep -q '^No errors' decoded &&
		sed -n 's/^ *40: *(\([0-9, ]*\)).*/\1/p' decoded | tr , ' '
}
if [ "$BOX" = intel ]; then
	skip 'the pictures are whole' 'Bochs carries no pngcheck'
else
	petal flowers.png | awk '{ exit !($1 > $2 && $1 > $3) }' &&
		petal vm1/flowers.png | awk '{ exit !($3 > $1 && $3 > $2) }' &&
		petal vm2/flowers.png | awk '{ exit !($1 > $3 && $2 > $3) }'
	ok $? 'the pictures are whole: petals red, blue and yellow'
fi
cp -r vm1 first
hv -m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png </dev/null
cmp vm1/flowers.png first/flowers.png && cmp vm1/guest1.txt first/guest1.txt
ok $? 'a second run in the same folder does the same'
rm -r vm1 vm2 first

for guest in width:OUT:2:s width_in:IN:1:; do
	what=${guest#*:}
	count=${what#*:}
	guest=${guest%%:*}
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
	for file in "$here/replay/files$2"/*; do
		name=${file##*/}
		copy=vm$1/$name
		[ -e "$copy" ] || copy=$name
		cmp "$copy" "$file" || return
	done
	for file in vm"$1"/*; do
		[ -e "$here/replay/files$2/${file##*/}" ] || return
	done
}
: >want_err
for seed in 1 2 3 4 5; do
	replay $seed
	cp replay.img replay$seed.img
	hv -m 4 -p 4 -g replay.img -f big small empty
	cp "$here/replay/output$seed" want_out
	seen "a real guest's random calls do as plain copies do, $seed" 0
	same_files 1 $seed
	ok $? 'and leave the same files'
	rm -rf vm1
done
hv -m 4 -p 4 -g replay1.img replay2.img replay3.img -f big small empty
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
echo x >.new
cp .new other
refused 'none: No such file or directory' none
refused '.new: may not be called so' .new
refused 'other/.new: may not be called so' other/.new
refused 'other: is not a regular file' other
refused 'in: is not a regular file' in
refused 'other/big: is called like big, which is shared too' big other/big
refused 'small: is called like small, which is shared too' small small
refused 'none: No such file or directory
mini_hypervisor: other: is not a regular file
mini_hypervisor: gone: No such file or directory' none other small gone
if [ "$tested" = hv_sanitized ]; then
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
mkdir closed
chmod 711 closed
echo 'mini_hypervisor: working directory: Permission denied' >want_err
(
	cd closed || exit
	as_user "$work/program" -m 2 -p 4 -g ../g/hello.img >../out 2>../err
	echo $? >../code
)
status=$(cat code)
seen 'a working directory that may not be read' 1

in_background g/prompt.img
wait_for out name
echo 'mini_hypervisor: working directory: another run uses it, and would use'\
' the same folders vm1, vm2, ...' >want_err
cp err first_err
timeout 60 "$program" -m 2 -p 4 -g g/hello.img >out 2>err
status=$?
: >want_out
seen 'two runs at once in one folder' 1
stop INT
[ ! -e vm1 ]
ok $? 'a guest without files leaves no folder'
