# shellcheck shell=sh disable=SC2034,SC2154
# The specification's example call, word for word, in a folder as after make.

mkdir example
cp "$here/../Version_$level"/*.img example
cp program example/mini_hypervisor
printf 'Ada\nBob\n' >input
cd example || exit 1
if [ "$level" = A ]; then
	timeout 120 ./mini_hypervisor --memory 4 --page 2 --guest guest.img
else
	timeout 120 ./mini_hypervisor --memory 4 --page 2 --guest guest1.img \
		guest2.img
fi <../input >../out 2>../err
status=$?
cd ..
: >want_err

# says NAME LINE...: to want_out, each line as the guest of that name says it.
says() {
	name=$1
	shift
	for line; do
		echo "$name: $line"
	done >want_out
}
machine='hello! I have 4 MiB of RAM, in pages of 2048 KiB.'
memory='its first byte and its last are mine to write.'
if [ "$level" = A ]; then
	says guest "$machine" "$memory" \
		'what is your name? guest: nice to meet you, Ada!'
	seen "the specification's example" 0
else
	# A guest's question is no whole line: another's lines may follow it.
	sed 's/name? /&\n/' out >all
	for number in 1 2; do
		said=" is my number, $((48 + number))000."
		says guest$number "$machine" "$memory" \
			"round 1: at 2097152$said" "round 2: at 2097152$said" \
			"round 3: at 2097152$said" "round 4: at 2097152$said" \
			"round 5: at 2097152$said" 'what is your name? ' \
			'nice to meet you, ...!'
		grep "^guest$number: " all | sed 's/you, \(Ada\|Bob\)!/you, ...!/' >out
		seen "the specification's example, guest $number" 0
	done
	grep -o 'Ada!\|Bob!' all | sort >out
	printf 'Ada!\nBob!\n' >want_out
	seen 'each was given one answer' 0
	[ "$(wc -l <all)" -eq 18 ]
	ok $? 'and nothing else was said' || sed 's/^/# /' all
fi
rm -r example
