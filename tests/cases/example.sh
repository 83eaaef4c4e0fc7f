# shellcheck shell=sh disable=SC2034,SC2154
# The specification's example call, word for word, in a folder as after make,
# with an input that says nothing and does not end; and the guest that asks.

mkdir example
cp "$here/../Version_$level"/*.img example
cp program example/mini_hypervisor
cd example || exit 1
exec 4<>../in
if [ "$level" = A ]; then
	timeout 120 ./mini_hypervisor --memory 4 --page 2 --guest guest.img
else
	timeout 120 ./mini_hypervisor --memory 4 --page 2 --guest guest1.img \
		guest2.img
fi <../in >../out 2>../err
status=$?
exec 4>&-
cd ..
: >want_err

# says NAME LINE...: prints each line as the guest of that name says it.
says() {
	name=$1
	shift
	for line; do
		echo "$name: $line"
	done
}
machine='hello! I have 4 MiB of RAM, in pages of 2048 KiB.'
memory='its first byte and its last are mine to write.'
# example_says NAME NUMBER: prints what the guest of that name and number says.
example_says() {
	said=" is my number, $((48 + $2))000."
	says "$1" "$machine" "$memory" \
		"round 1: at 2097152$said" "round 2: at 2097152$said" \
		"round 3: at 2097152$said" "round 4: at 2097152$said" \
		"round 5: at 2097152$said"
}
if [ "$level" = A ]; then
	says guest "$machine" "$memory" >want_out
else
	sort -s -t : -k 1,1 -o out out
	{
		example_says guest1 1
		example_says guest2 2
	} >want_out
fi
seen "the specification's example" 0

echo Ada >input
hv --memory 4 --page 2 --guest example/talk.img <input
tail -n 1 out >last
mv last out
says talk 'what is your name? talk: nice to meet you, Ada!' >want_out
seen 'a guest that asks for a name' 0
rm -r example
