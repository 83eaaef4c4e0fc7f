# shellcheck shell=sh disable=SC2034,SC2154
# The console: every byte, in order, in time, and no loss in silence.

i=0
while [ $i -lt 256 ]; do
	# shellcheck disable=SC2059
	printf "\\$(printf %o $i)"
	i=$((i + 1))
done >all
: >want_err

run 4 2 bytes
cp all want_out
seen 'every byte value goes out' 0
run 4 2 echo <all
seen 'every byte value comes in' 0

# The guest prints RAM from 0 on: its image, grown by what a line may hold.
cat g/outs.img all g/image.img >printed.img
for size in 1 2 100 5000 1048576; do
	le32 $size >number
	hv -m 2 -p 4 -g printed.img <number
	cat printed.img /dev/zero | head -c $size >want_out
	seen "rep outsb of $size bytes" 0
done
for size in 1 2 1024 1025 5000 200000; do
	cat g/image.img g/image.img g/image.img g/image.img |
		head -c $size >want_out
	{
		le32 $size
		cat want_out
	} >input
	run 4 2 ins <input
	seen "rep insb of $size bytes" 0
done
in_background g/ins.img
for piece in '\005\000\000\000' ab cde; do
	wait_until waits_to_read
	# shellcheck disable=SC2059
	printf "$piece" >&4
done
wait "$pid"
status=$?
exec 4>&-
ended 'rep insb of 5 bytes that come in pieces' 0 abcde ''

printf 'to the end' >input
run 4 2 echo <input
ended 'the end of input is a 0xFF' 0 'to the end\0377' ''
run 4 2 greedy </dev/null
ended 'a guest that reads on behind it' 1 '\0377' \
	'reads on after the end of input'
run 4 2 echo <&-
ended 'a closed standard input' 1 '' 'standard input: Bad file descriptor'
run 4 2 hello <&-
ended 'which a guest that reads nothing can do without' 0 'hello\n' ''

in_background g/prompt.img
wait_for out 'name? '
ok $? 'a prompt without a newline is there before the answer'
printf Z >&4
wait "$pid"
status=$?
exec 4>&-
ended 'and the answer is read' 0 'name? Z!\n' ''

# cpu_time: how long $pid has computed, in ticks; 0 when it is gone.
cpu_time() {
	sed 's/.*)//' "/proc/$pid/stat" | awk '{ print $12 + $13 }
		END { if (NR == 0) print 0 }'
}
computes_on() {
	[ "$(cpu_time)" -gt $((before + 10)) ]
}
in_background g/spin.img
wait_for out '\.'
ok $? 'a dot is there while its guest computes'
kill -STOP "$pid"
wait_for "/proc/$pid/status" '^State:.T'
kill -CONT "$pid"
before=$(cpu_time)
wait_until computes_on
ok $? 'SIGSTOP and SIGCONT do not end a run'
stop INT
ended 'SIGINT does' 130 . ''

name='a dot is there while its guest computes with interrupts off'
if [ "$BOX" = intel ]; then
	skip "$name" 'Bochs does not interrupt such a guest, as a CPU does'
else
	in_background g/spin_cli.img
	wait_for out '\.'
	ok $? "$name"
	stop INT
	ended 'SIGINT ends that too' 130 . ''
fi

in_background g/flood.img
wait_for out 0123
stop TERM
[ $status -eq 143 ] && [ ! -s err ]
ok $? 'SIGTERM ends a guest that prints'
[ "$(head -c $(($(wc -c <out) / 17 * 17)) out | sort -u)" = 0123456789abcdef ]
ok $? 'and nothing is lost before that'

# switches: how often a thread of $pid has waited.
switches() {
	cat "/proc/$pid"/task/*/status |
		awk '/^voluntary/ { n += $2 } END { print n + 0 }'
}
# The signal has been told, and since then the tick has cut the wait short.
waits_again() {
	grep -qs '^ShdPnd:.*[014589cd]$' "/proc/$pid/status" &&
		[ "$(switches)" -gt $((before + 5)) ] && waits_to_write
}
# The signal comes twice, as when a process and its group are sent it.
fill
kill -INT "$pid"
kill -INT "$pid"
before=$(switches)
wait_until waits_again
ok $? 'SIGINT does not end a run whose output waits for its reader'
written=$(sed -n 's/^wchar: //p' "/proc/$pid/io")
cat <&5 >out
exec 5<&-
{ wait "$pid"; } 2>/dev/null
[ $? -eq 130 ] && [ ! -s err ] && [ "$(wc -c <out)" -gt "$written" ]
ok $? 'until that has read it all'
fill
wait_until ends_by_int "$pid"
ok $? 'SIGINT again, later, does'
exec 5<&-
{ wait "$pid"; } 2>/dev/null
[ $? -eq 130 ]
ok $? 'and the run ends by it'

name='standard streams that do not block'
if [ "$BOX" = intel ]; then
	skip "$name" 'the dd of busybox can not make them so'
else
	(
		/bin/dd iflag=nonblock oflag=nonblock count=0 2>/dev/null
		exec "$program" -m 2 -p 4 -g printed.img 2>err
	) <in >full &
	pid=$!
	exec 4<>in 5<full
	waits_in_poll() {
		waits_in '7 0x[0-9a-f]* 0x1 0xffffffff'
	}
	wait_until waits_in_poll
	ok $? "$name: input that is not there yet"
	le32 1048576 >&4
	dd bs=1 count=1 <&5 >out 2>/dev/null
	wait_until waits_in_poll
	ok $? "$name: output whose reader is slow"
	cat <&5 >>out
	wait "$pid"
	status=$?
	exec 4>&- 5<&-
	cat printed.img /dev/zero | head -c 1048576 >want_out
	: >want_err
	seen "$name: every byte is there" 0
fi

in_background g/prompt.img
wait_for out 'name? '
stop INT
ended 'SIGINT ends a guest that waits for input' 130 'name? ' ''

mkfifo silent
in_background silent
waits_for_image() {
	waits_in '7 0x[0-9a-f]* 0x1 0x32 '
}
wait_until waits_for_image
stop INT
rm silent
ended 'SIGINT ends a run whose image is a pipe that nobody writes to' 130 '' ''

image=g/hello.img
"$program" -m 4 -p 2 -g "$image" >&- 2>err
status=$?
: >out
ended 'a closed standard output' 1 '' 'standard output: Bad file descriptor'
"$program" -m 4 -p 2 -g "$image" >/dev/full 2>err
status=$?
ended 'a full disk' 1 '' 'standard output: No space left on device'
image=g/flood.img
{
	timeout 120 "$program" -m 4 -p 2 -g "$image" 2>err
	echo $? >code
} | head -n 1 >out
status=$(cat code)
ended 'a reader that goes away' 1 '0123456789abcdef\n' \
	'standard output: Broken pipe'
