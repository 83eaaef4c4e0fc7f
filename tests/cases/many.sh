# shellcheck shell=sh disable=SC2034,SC2154,SC3045
# Many guests in one process.

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
many hello cli bytes cpuid
# bytes has a newline among its bytes and none at its end, where another's line
# may follow.
[ "$status" -eq 0 ] && [ ! -s err ] && [ "$(wc -l <out)" -eq 4 ] &&
	grep -q 'hello$' out && grep -q 'off$' out && grep -q ' lm$' out &&
	[ "$(wc -c <out)" -eq $((6 + 4 + 256 + 16)) ]
ok $? 'four guests that differ' || od -c out | sed 's/^/# /'
hv -m 8 -p 4 -g g/pages.img -g g/pages.img g/pages.img --guest g/pages.img
repeat 4 all of it >want_out
seen 'each guest has all of its RAM, and its list may be told in parts' 0

# Two guests that wait for one input have both asked before it comes.
in_background g/lines.img g/lines.img
wait_for out 'ready ready '
ok $? 'two guests run at the same time'
printf 'a 000003 000002\nb 000002 000001\n' >&4
wait "$pid"
status=$?
exec 4>&-
sed -i 's/ready ready //' out
sort -o out out
printf 'aaa000001\naaa000002\nbb000001\n' >want_out
seen 'and each gets a line of the input' 0

# letters COUNT LENGTH LINES: the input for so many guests; each has lines of
# another length.
letters() {
	awk -v count="$1" -v length_least="$2" -v lines="$3" 'BEGIN {
		ids = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		for (i = 0; i < count; i++)
			printf "%s %06d %06d\n", substr(ids, i % 52 + 1, 1),
				length_least + i, lines }'
}
# whole_lines: counts the lines of each letter and length; a line that is not
# the same letter and then its number, with none lost before it, is bad. The
# prompts may stand before any.
whole_lines() {
	sed 's/ready //g' out | awk '
		{ size = length($0) - 6; letter = substr($0, 1, 1)
		rest = substr($0, 1, size); gsub(letter, "", rest)
		id = letter " " size
		number = "1" substr($0, size + 1)	# else some awks read octal
		if (rest != "" || number != 1000000 + ++seen[id]) bad++ }
		END { for (id in seen) print id, seen[id]
		if (bad) print "bad", bad }' | sort >got
}
for count in 2 10 $([ "$BOX" = intel ] || echo 100); do
	letters "$count" 5000 10 >input
	# shellcheck disable=SC2046
	many $(repeat "$count" lines) <input
	whole_lines
	sed 's/ 0*/ /g' input | sort >want
	[ "$status" -eq 0 ] && [ ! -s err ] && cmp got want
	ok $? "lines of $count guests, 5000 bytes and more, do not mix" ||
		diff got want | grep '^[-+]' | sed 's/^/# /' | head -n 12
done
awk 'BEGIN { for (i = 1; i <= 300; i++) { text = text "x"
	print "line", i, substr(text, 1, i * 7 % 90) } }' >input
many reader reader reader <input
sort out >got
sed 's/.*/[&]/' input | sort | cmp - got
ok $? 'three readers of one input get whole lines, and each line once'

fault="invalid opcode at rip $(cat g/ud2.rip)"
many hello hello hello hello ud2 hello hello hello hello hello
sort -o out out
{
	echo before
	repeat 9 hello
} >want_out
echo "mini_hypervisor: g/ud2.img: $fault" >want_err
seen 'one fault among ten guests' 1
many ud2 hello ud2
sort -o err err
sort -o out out
printf 'mini_hypervisor: g/ud2.img#%s: %s\n' 1 "$fault" 3 "$fault" >want_err
printf 'before\nbefore\nhello\n' >want_out
seen 'guests from one image are told apart' 1

two_prompts() {
	[ "$(count out 'name? ')" -eq 2 ]
}
in_background g/hello.img g/spin.img g/hello.img g/prompt.img g/prompt.img
wait_for out hello && wait_for out '\.' && wait_until two_prompts
ok $? 'an endless guest and two that wait, beside others'
# A kernel may have added threads, which are not meant; others may be ending.
one_computes() {
	thread=$(grep -ls '^running' "/proc/$pid"/task/*/syscall |
		cut -d / -f 5)
	case $thread in
	'' | *[!0-9]*) return 1 ;;
	esac
}
wait_until one_computes
kill -INT "$thread"
wait_until has_ended || kill -KILL "$pid"
{ wait "$pid"; } 2>/dev/null
[ $? -eq 130 ] && [ ! -s err ] && [ "$(count out hello)" -eq 2 ]
ok $? 'SIGINT to the thread of one VM ends all'
exec 4>&-

fill g/flood.img g/flood.img g/flood.img
given_up 'SIGINT ends three whose output waits for its reader'
# A line that grows is held for two seconds of its guest's time.
in_background g/dots.img
before=$(($(cpu_time) + 40))
wait_until computes_on
stop HUP
[ $status -eq 129 ] && grep -q '\.' out && [ ! -s err ]
ok $? 'a line that grows is written when SIGHUP ends its guest'
exec 5<>full
head -c 65536 /dev/zero >&5
"$program" -m 2 -p 4 -g g/dots.img g/dots.img g/dots.img >full 2>err &
pid=$!
wait_until handles_signals
before=$(($(cpu_time) + 90))
wait_until computes_on
kill -INT "$pid"
wait_until waits_to_write
ok $? 'SIGINT does not end three of which the output comes to wait then'
given_up 'but SIGINT again does'

# In the middle, for the first thread to run may be the first or the last.
mkfifo p1 p2 p3
"$program" -m 2 -p 4 -g g/hello.img p2 g/hello.img >out 2>err &
pid=$!
hellos() {
	[ "$(count out hello)" -eq "$1" ]
}
wait_until hellos 2
ok $? 'an image that is a pipe nobody writes to yet holds up no other guest'
cat g/hello.img >p2
wait $pid
status=$?
repeat 3 hello >want_out
: >want_err
seen 'and is run when it comes' 0
"$program" -m 2 -p 4 -g p1 p2 p3 >out 2>err &
pid=$!
timeout 60 cp g/hello.img p2 && wait_until hellos 1
ok $? 'of three images that are pipes, the second comes first'
timeout 60 cp g/hello.img p3
timeout 60 cp g/hello.img p1
wait $pid
status=$?
seen 'and all are run' 0
rm p1 p2 p3

if [ "$BOX" = intel ] || [ "$level" != B ]; then
	skip 'a thousand guests' 'a quick machine does, with version B as built'
else
	# shellcheck disable=SC2046
	(
		ulimit -Sn 1024
		exec timeout 120 "$program" -m 4 -p 4 -g \
			$(repeat 1000 g/hello.img)
	) >out 2>err
	status=$?
	repeat 1000 hello >want_out
	seen 'a thousand guests' 0
fi
