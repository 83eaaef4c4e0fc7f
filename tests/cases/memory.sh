# shellcheck shell=sh disable=SC2034,SC2154
# RAM: all of it is there, once, and is the image's to fill.

for memory in 2 4 8; do
	end=$(printf '0x%x' $((memory << 20)))
	for page in 4 2; do
		with="$memory MiB, page $page"
		run $memory $page pages
		ended "$with: every word keeps its own address" 0 \
			'all of it\n' ''
		for access in read:read_from write:write_to; do
			guest=pf_${access%:*}
			verb=$(echo "${access#*:}" | tr _ ' ')
			run $memory $page "$guest"
			ended "$with: a ${access%:*} after the end" 1 \
				'before\n' "page fault at rip $(cat \
				"g/$guest.rip"): $verb $end, which is not mapped"
		done
	done
done

# grown SIZE: makes the image grown.img, SIZE bytes of the guest image and its
# repetitions, and number, the size for that guest to read.
grown() {
	cp g/image.img grown.img
	length=65536
	while [ $length -lt "$1" ]; do
		cat grown.img grown.img >double.img
		mv double.img grown.img
		length=$((length * 2))
	done
	truncate -s "$1" grown.img
	le32 "$1" >number
}

image=grown.img
for size in 5120 65536 1048576 4194304; do
	grown $size
	for page in 4 2; do
		hv -m 4 -p $page -g grown.img <number
		ended "an image of $size bytes is there, page $page" 0 \
			'whole\n' ''
	done
done
for memory in 2 8; do
	grown $((memory << 20))
	hv -m $memory -p 4 -g grown.img <number
	ended "an image as large as RAM, $memory MiB" 0 'whole\n' ''
done
printf x >>grown.img
hv -m 8 -p 2 -g grown.img
ended 'an image a byte larger than RAM' 1 '' \
	"is larger than the guest's memory, 8 MiB"

image=one.img
printf '\364' >one.img
hv -m 2 -p 4 -g one.img
ended 'an image of one byte, hlt' 0 '' ''
run 2 4 bss
ended 'a guest with 1 MiB of .bss' 0 'zeroed\n' ''

image=empty.img
: >empty.img
hv -m 2 -p 4 -g empty.img
ended 'an empty image' 1 '' 'is empty'
image=.
hv -m 2 -p 4 -g .
ended 'a folder for an image' 1 '' 'Is a directory'

image=pipe.img
mkfifo pipe.img
cat g/hello.img >pipe.img &
hv -m 2 -p 4 -g pipe.img
ended 'an image from a pipe' 0 'hello\n' ''
cat grown.img >pipe.img 2>/dev/null &
hv -m 8 -p 4 -g pipe.img
ended 'an image from a pipe, a byte larger than RAM' 1 '' \
	"is larger than the guest's memory, 8 MiB"
wait
rm pipe.img
