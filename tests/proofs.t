#!/bin/sh
# Proves, with Frama-C, for all inputs, what the last version promises of what
# a guest can reach.  proofs/contracts says what that is, proofs/assumed.h what
# it takes for granted of the kernel, of libc and of the rest of the program.

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
. "$here/lib.sh"
all=$1
source=$here/../Version_C/mini_hypervisor.c

# proved NAME FUNCTIONS [OPTION...]: all goals are valid; see proofs/prove.
proved() {
	proved_name=$1
	shift
	"$here/proofs/prove" "$source" "$@" >goals 2>&1
	counts=$(sed -n 's/^\[wp\] Proved goals: *\([0-9]*\) \/ /\1 /p' goals)
	[ "$counts" ] && [ "${counts% *}" = "${counts#* }" ]
	ok $? "$proved_name: ${counts% *} of ${counts#* } goals" ||
		grep 'Goal typed\|rror' goals | grep -v ' : Valid ' |
			sed 's/^/# /'
}

command -v frama-c >/dev/null || {
	skip 'proofs' 'Frama-C is not installed'
	done_testing
	exit
}

# long NAME FUNCTIONS [OPTION...]: what is proved only when it is asked for.
long() {
	if [ "$all" ]; then
		proved "$@"
	else
		skip "$1" 'takes minutes: tests/proofs.t all'
	fi
}

# plant ROUND: tries the proofs of functions with the faults of that round in
# proofs/mutants.  A fault in one function leaves the others' proofs alone.
plant() {
	mkdir "$1"
	cd "$1" || return
	sed -n "s/^$1	//p" "$here/proofs/mutants" >faults
	cut -f 2 faults >script
	sed -f script "$source" >mutant.c
	"$here/proofs/prove" mutant.c "$(cut -f 1 faults | paste -s -d ,)" \
		-wp-timeout 5 >goals 2>&1
}

# failed ROUND: each of its faults leaves a goal unproved, in its function.
failed() {
	while IFS='	' read -r function fault; do
		! sed "$fault" "$source" | cmp -s - "$source" &&
			grep "Goal typed_cast_${function}_[acel]" "$1/goals" |
			grep -qv ' : Valid '
		ok $? "$function: no proof with $fault" ||
			tail -n 5 "$1/goals" | sed 's/^/# /'
	done <"$1/faults"
}

(for round in 1 2 3; do (plant $round); done) &
proved '1, bounds: what ram_at accepts lies in RAM' ram_at
proved '1, bounds: the path that open accepts ends in RAM' files_open \
	-wp-prop ends_within_ram
proved '2, requests: what reads, writes and seeks' files_read,files_write,\
files_seek,file_fd,file_size,transfer
proved '2, requests: what finds, copies and publishes files' file_find,\
file_create,file_publish,file_discard,data_copy,piece_copy
proved '2, requests: the console by its handles' console_call
proved '2, requests: files_call itself' files_call -wp-split
proved '2, requests: open, but for how it leaves the VM' files_open -wp-prop \
	"@assert,@requires,@assigns,@invariant,@variant,result"
long '2, requests: how open leaves the VM' files_open -wp-split -wp-prop \
	console,ram,files,handles
proved '3, names: what name_check accepts is one plain name that fits' \
	name_check,path_name
proved '4, console: output and the ring' write_all,console_flush,\
console_flush_lines,console_tick,console_put,ring_drain
proved '4, console: input, and IN and OUT' input_fill,input_take,\
input_release,io_error,console_get,console_io
proved '6, numbers: what choice accepts is one of its digits' choice
"$here/proofs/prove" "$source" absurd -wp-timeout 5 >goals 2>&1
grep 'Goal typed_cast_absurd_ensures_absurd ' goals | grep -qv ' : Valid '
ok $? 'an absurd goal is not provable'
wait
for round in 1 2 3; do
	failed $round
done
done_testing
