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
ended 'a guest that reads on after it' 1 '\0377' "IN of 1 byte, port 0xe9, at \
rip $(cat g/greedy.rip): input has ended already"

in_background g/prompt.img
wait_for out 'name? '
ok $? 'a prompt without a newline is there before the answer'
printf Z >&4
wait "$pid"
status=$?
exec 4>&-
ended 'and the answer is read' 0 'name? Z!\n' ''

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
for signal in HUP:129 ALRM:142; do
	in_background g/spin.img
	wait_for out '\.'
	stop "${signal%:*}"
	ended "and SIG${signal%:*}" "${signal#*:}" . ''
done
trap '' HUP
in_background g/spin.img
trap - HUP
kill -HUP "$pid"
before=$(cpu_time)
wait_until computes_on
ok $? 'SIGHUP does not if it was ignored before'
stop TERM
ended 'and SIGTERM does' 143 . ''

in_background g/busy.img
echo Ada >&4
wait_for out Ada
before=$(cpu_time)
wait_until computes_on
stop INT
ended 'SIGINT ends a guest that computes after it has read a line' 130 \
	'Ada\n' ''

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

fill
given_up 'SIGINT ends a run whose output waits for its reader'

# switches: how often a thread of $pid has left a CPU.
switches() {
	awk '/^(non)?voluntary/ { n += $2 } END { print n }' \
		"/proc/$pid"/task/*/status
}
in_background g/prompt.img
wait_until waits_to_read
before=$(switches)
sleep 1
[ "$(switches)" -eq "$before" ]
ok $? 'a guest that waits for input is left alone'
# Calls that a tick interrupts fail on some file systems.  SIGVTALRM is 26.
blocked=$(sed -n 's/^SigBlk:.*\(.\)......$/\1/p' "/proc/$pid"/task/*/status)
[ "$blocked" ] && ! echo "$blocked" | grep -q '[014589cd]'
ok $? 'ticks interrupt none of its calls'
stop INT
ended 'SIGINT ends it' 130 'name? ' ''

mkfifo silent
in_background silent
waits_for_image() {
	waits_in '257 ' || waits_in '2 ' || waits_in '7 ' # openat, open, poll
}
wait_until waits_for_image
stop INT
rm silent
ended 'SIGINT ends a run whose image is a pipe that nobody writes to' 130 '' ''

image=g/hello.img
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
