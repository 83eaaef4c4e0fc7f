# shellcheck shell=sh disable=SC2034,SC2154,SC3045
# Many guests in one process.

# repeat COUNT WORD...: prints the words COUNT times.
repeat() {
	left=$1
	shift
	while [ "$left" -gt 0 ]; do
		echo "$@"
		left=$((left - 1))
	done
}

# many GUEST...: runs guests in 2 MiB each; see hv.
many() {
	# shellcheck disable=SC2046
	hv -m 2 -p 2 -g $(for guest; do echo "g/$guest.img"; done)
}

: >want_err
for count in 2 10 100; do
	# shellcheck disable=SC2046
	many $(repeat "$count" hello)
	repeat "$count" hello >want_out
	seen "$count guests from one image" 0
done
many hello entry bytes cpuid
# bytes has a newline among its bytes and none at its end.
[ "$status" -eq 0 ] && [ ! -s err ] && [ "$(wc -l <out)" -eq 4 ] &&
	grep -qx hello out && grep -q '8 2 2 2$' out && grep -q ' lm$' out &&
	[ "$(wc -c <out)" -eq $((6 + 8 + 256 + 16)) ]
ok $? 'four guests that differ'
hv -m 8 -p 4 -g g/pages.img -g g/pages.img g/pages.img --guest g/pages.img
repeat 4 all of it >want_out
seen 'each guest has all of its RAM, and its list may be told in parts' 0

# Two guests that wait for one input have both asked before it comes.
timeout 120 "$program" -m 2 -p 4 -g g/lines.img g/lines.img <in >out 2>err &
exec 4<>in
wait_for out 'ready ready '
ok $? 'two guests run at the same time'
printf 'a 000003 000002\nb 000002 000001\n' >&4
wait $!
status=$?
exec 4>&-
sed 's/ready ready //' out | sort >sorted
mv sorted out
printf 'aaa\naaa\nbb\n' >want_out
seen 'and each gets a line of the input' 0

# awk's repeat: the same letter, LENGTH times, is a line; ready: the prompts
# may stand before any.
whole_lines() {
	sed 's/ready //g' out | awk -v length_wanted="$1" '
		{ letter = substr($0, 1, 1); line = $0; gsub(letter, "", line) }
		line != "" || length($0) != length_wanted { bad++ }
		{ seen[letter]++ }
		END { for (l in seen) print l, seen[l]; if (bad) print "bad", bad }
	' | sort >got
}
# letters COUNT LENGTH LINES: the input for so many guests.
letters() {
	printf %s abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ |
		fold -w 1 | head -n "$1" |
		awk -v l="$2" -v n="$3" '{ printf "%s %06d %06d\n", $1, l, n }'
}
for count in 2 10 $([ "$BOX" = intel ] || echo 50); do
	letters "$count" 5000 10 >input
	# shellcheck disable=SC2046
	many $(repeat "$count" lines) <input
	whole_lines 5000
	sed 's/ .*/ 10/' input | sort >want
	[ "$status" -eq 0 ] && [ ! -s err ] && cmp got want
	ok $? "lines of $count guests, 5000 bytes each, do not mix"
done
letters 3 100000 5 >input
many lines lines lines <input
[ "$status" -eq 0 ]
ok $? 'lines longer than any buffer'
for letter in a b c; do
	[ "$(sed 's/ready //g' out | tr -cd $letter | wc -c)" -eq 500000 ]
	ok $? "are all there, $letter"
done
[ "$(wc -l <out)" -eq 15 ]
ok $? 'with their ends'

awk 'BEGIN { for (i = 1; i <= 300; i++) { text = text "x"
	print "line", i, substr(text, 1, i * 7 % 90) } }' >input
many reader reader reader <input
sort out >got
sed 's/.*/[&]/' input | sort | cmp - got
ok $? 'three readers of one input get whole lines, and each line once'

many hello hello hello hello ud2 hello hello hello hello hello
sort out >sorted
mv sorted out
{
	echo before
	repeat 9 hello
} >want_out
image=g/ud2.img
echo "mini_hypervisor: $image: invalid opcode at rip $(cat g/ud2.rip)" >want_err
seen 'one fault among ten guests' 1
many ud2 hello ud2
sort err >sorted
mv sorted err
for number in 1 3; do
	sed "s/:/#$number:/2" want_err
done >want
sed 's/: \(g[^:]*\)#\(.\):/: \1#\2:/' want >want_err
printf 'before\nbefore\nhello\n' >want_out
sort out >sorted
mv sorted out
seen 'guests from one image are told apart' 1
echo 'mini_hypervisor: missing.img: No such file or directory' >want_err
: >want_out
hv -m 2 -p 4 -g g/hello.img missing.img g/hello.img
seen 'a missing image is told before any guest starts' 1

"$program" -m 2 -p 4 -g g/hello.img g/spin.img g/hello.img g/prompt.img \
	g/prompt.img <in >out 2>err &
pid=$!
exec 4<>in
two_prompts() {
	[ "$(count out 'name? ')" -eq 2 ]
}
wait_for out hello && wait_for out '\.' && wait_until two_prompts
ok $? 'an endless guest and two that wait, beside others'
kill -INT $pid
wait $pid
status=$?
exec 4>&-
grep -o 'hello' out >got
printf 'hello\nhello\n' | cmp -s - got && [ $status -eq 130 ] && [ ! -s err ]
ok $? 'SIGINT ends them all'

# all_told: whether 40 guests wait or are refused; counts them, good and bad.
all_told() {
	good=$(count out 'name? ')
	bad=$(grep -cE '^mini_hypervisor: g/prompt.img(#[0-9]+)?: .' err)
	[ $((good + bad)) -eq 40 ]
}

# squeezed NAME LEAST ULIMIT...: of 40 guests that wait for input, under a
# limit, at least LEAST run, and the others are named.
squeezed() {
	name=$1
	least=$2
	shift 2
	# shellcheck disable=SC2046
	(
		ulimit "$@"
		exec "$program" -m 2 -p 2 -g $(repeat 40 g/prompt.img) \
			<in >out 2>err
	) &
	exec 4<>in
	wait_until all_told
	exec 4>&-
	wait $!
	status=$?
	[ $status -eq 1 ] && [ "$good" -ge "$least" ] && [ "$bad" -gt 0 ] &&
		[ $((good + bad)) -eq 40 ] && [ "$(grep -c '!' out)" = "$good" ]
	ok $? "$name" || echo "# $good ran, $bad refused: $(tail -n 1 err)"
}
squeezed 'a limit on open files' 9 -n 24
if [ "$tested" = hv_sanitized ]; then
	skip 'a limit on memory' 'AddressSanitizer reserves terabytes'
else
	squeezed 'a limit on memory' 8 -v 60000
fi
if [ "$BOX" = intel ] || [ "$level" != B ]; then
	skip 'a thousand guests' 'a quick machine does, with version B as built'
else
	# shellcheck disable=SC2046
	(
		ulimit -Sn 1024
		many $(repeat 1000 hello)
		echo "$status" >code
	)
	status=$(cat code)
	: >want_err
	repeat 1000 hello >want_out
	seen 'a thousand guests' 0
fi
