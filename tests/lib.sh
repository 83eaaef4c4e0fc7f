# shellcheck shell=sh disable=SC2154
# What the test scripts share.  A test is one line of TAP, and one that fails is
# followed by what was seen.  A script ends with "done_testing".

tests=0
# A signal is to run the trap of EXIT too.
trap 'exit 130' HUP INT TERM

# work_in FOLDER: makes the folder $work there, which is removed when the script
# ends, and enters it.
work_in() {
	work=$(mktemp -d -p "$1") && cd "$work" || exit
	trap 'rm -rf "$work"' EXIT
}

# ok STATUS NAME: a test that is passed when STATUS is 0.
ok() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - ${level:+$level: }$2"
	else
		echo "not ok $tests - ${level:+$level: }$2"
		return 1
	fi
}

# check NAME COMMAND...: a test that is passed when the command succeeds; what
# a command that fails has said is shown.
check() {
	check_name=$1
	shift
	"$@" >"$work/said" 2>&1
	ok $? "$check_name" || sed 's/^/# /' "$work/said"
}

# skip NAME REASON: a test that can't be made here.
skip() {
	tests=$((tests + 1))
	echo "ok $tests - ${level:+$level: }$1 # SKIP $2"
}

shared='big ./small given/empty given/absent'

# replay SEED: makes replay.img, a guest that makes the calls of that seed with
# the shared files of $shared.
replay() {
	cp -rf "$here/replay/$1/big" "$here/replay/$1/small" \
		"$here/replay/$1/given" .
	calls <"$here/replay/$1/calls" >replay.img
}

# calls: prints the image of a guest that makes the calls of standard input, as
# call prints them, and prints of each the result, as four bytes, and the data
# that it read.
calls() {
	cat g/replay.img
	head -c $((262144 - $(wc -c <g/replay.img))) /dev/zero
	cat
	le32 -1
}

# call OPERATION HANDLE SIZE FLAGS [DATA]: prints a call of the file device: 1
# opens, 2 closes, 3 reads, 4 writes, 5 seeks.  Of the flags 1 is O_WRONLY, 2
# O_RDWR, 512 O_TRUNC, 1024 O_APPEND.  DATA is a path or what is to be written,
# for printf's %b.
call() {
	printf %b "$5" >data
	address=$((0x4000))
	[ "$1" -ne 1 ] || address=$((0x2000))
	le32 "$(wc -c <data)" "$1" "$2" $address 0 "$3" $(($3 >> 32)) "$4" 0
	cat data
}

# results NAME RESULT...: a test that is passed when the run came to those
# results and bytes, which begin with a letter.
results() {
	name=$1
	shift
	for result; do
		case $result in
		-* | [0-9]*) le32 "$result" ;;
		*) printf %b "$result" ;;
		esac
	done >want_out
	: >want_err
	seen "$name" 0
}

# may_change NAME: whether this machine is ours to change: an emulated one, and
# we are root; else skips the test NAME.
may_change() {
	if [ "$(id -u)" -ne 0 ]; then
		skip "$1" 'needs root'
	elif [ "$BOX" != amd ] && [ "$BOX" != intel ]; then
		skip "$1" 'this machine stays as it is; guests-amd.t has it'
	else
		return 0
	fi
	return 1
}

# has_user NAME: whether as_user has a user that may open /dev/kvm; else skips
# the test NAME.
has_user() {
	as_user "$work/bin/sh" -c ': <>/dev/kvm' 2>/dev/null && return
	skip "$1" '/dev/kvm is for root alone'
	return 1
}

done_testing() {
	echo "1..$tests"
}

# run MEMORY PAGE GUEST: runs a guest from the folder g, with this script's
# standard input, and leaves $status and the files out and err.
run() {
	image=g/$3.img
	hv -m "$1" -p "$2" -g "$image"
}

# hv ARGUMENT...: runs the hypervisor, and leaves $status, out and err.
hv() {
	timeout 120 "$program" "$@" >out 2>err
	status=$?
}

# ended NAME STATUS OUT ERR: compares how the last run ended; OUT is for
# printf's %b.  ERR is what is said of the image, and nothing else is said.
ended() {
	printf %b "$3" >want_out
	if [ "$4" ]; then
		printf 'mini_hypervisor: %s: %s\n' "$image" "$4" >want_err
	else
		: >want_err
	fi
	seen "$1" "$2"
}

# seen NAME STATUS: compares $status with STATUS, and out and err to the bytes
# with want_out and want_err.
seen() {
	[ "$status" = "$2" ] && cmp -s out want_out && cmp -s err want_err
	ok $? "$1" && return
	echo "# status $status, wanted $2"
	echo "# out: $(wc -c <out) bytes, wanted $(wc -c <want_out)"
	for stream in out want_out err want_err; do
		head -c 600 "$stream" | tr -c '\n -~' '?' | head -n 8 |
			sed "s/^/# $stream: /"
	done
}

# wait_until COMMAND...: waits until the command succeeds; gives up, with
# status 1, after a minute.
wait_until() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.1
	done
}

# wait_for FILE TEXT: waits until FILE has a line with TEXT; see wait_until.
wait_for() {
	wait_until grep -qs "$2" "$1"
}

# in_background IMAGE...: starts the hypervisor, with the pipe in as its input;
# $pid is its process, which handles signals by the time this returns.
in_background() {
	image=$1
	rm -f out
	"$program" -m 4 -p 2 -g "$@" <in >out 2>err &
	pid=$!
	exec 4<>in
	wait_until handles_signals
}
handles_signals() {
	caught=$(sed -n 's/^SigCgt:.*\(........\)$/\1/p' "/proc/$pid/status")
	[ $((0x${caught:-0} >> 14 & 1)) -eq 1 ]	# SIGTERM, the last set
}

# has_ended: whether $pid has ended.
has_ended() {
	! grep -q '^State:.[^Z]' "/proc/$pid/status"
} 2>/dev/null

# stop SIGNAL: sends it, and waits for the end; leaves $status.
stop() {
	kill "-$1" "$pid"
	wait_until has_ended || kill -KILL "$pid"
	{ wait "$pid"; } 2>/dev/null
	status=$?
	exec 4>&-
}

# waits_in CALL: whether a thread of $pid waits in a system call, as /proc
# shows it.
waits_in() {
	grep -qs "^$1" "/proc/$pid"/task/*/syscall
}

# waits_to_write: whether a thread of $pid waits for who reads its output.
waits_to_write() {
	waits_in '1 0x1 '
}

# waits_to_read: whether a thread of $pid waits for input.
waits_to_read() {
	waits_in '0 0x0 '
}

# cpu_time: how long $pid has computed, in ticks; 0 when it is gone.
cpu_time() {
	sed 's/.*)//' "/proc/$pid/stat" 2>/dev/null | awk '{ print $12 + $13 }
		END { if (NR == 0) print 0 }'
}

# computes_on: whether $pid has computed for some time since $before.
computes_on() {
	[ "$(cpu_time)" -gt $((before + 10)) ]
}

# fill [IMAGE...]: starts guests of which more waits to be written than the pipe
# full takes; without an argument it is one that prints for ever.
fill() {
	[ $# -gt 0 ] || set -- g/flood.img
	[ -p full ] || mkfifo full
	"$program" -m 4 -p 2 -g "$@" >full 2>err &
	pid=$!
	exec 5<full
	wait_until waits_to_write
}

# ends_by_int THREAD: sends SIGINT to a thread of $pid; whether $pid has ended.
ends_by_int() {
	! kill -INT "$1" || has_ended
} 2>/dev/null

# given_up NAME: a test that is passed when SIGINT ends $pid, which waits for
# the reader of the pipe full, descriptor 5.
given_up() {
	stop INT
	exec 5<&-
	[ $status -eq 130 ] && [ ! -s err ]
	ok $? "$1"
}

# count FILE TEXT: how often FILE has TEXT.
count() {
	grep -o -e "$2" "$1" | wc -l
}

# repeat COUNT WORD...: prints the words COUNT times.
repeat() {
	times=$1
	shift
	yes "$*" | head -n "$times"
}

# le32 NUMBER...: prints each as four bytes, the lowest first.
le32() {
	for number; do
		for shift in 0 8 16 24; do
			# shellcheck disable=SC2059
			printf "\\$(printf %o $((number >> shift & 255)))"
		done
	done
}

# as_user COMMAND ARGUMENT...: runs the command without root's rights, by a
# user that may open /dev/kvm.
as_user() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
		return
	fi
	command=$1
	shift
	start-stop-daemon -S -q -c "nobody:$(stat -c %g /dev/kvm)" \
		-x "$command" -- "$@"
}
