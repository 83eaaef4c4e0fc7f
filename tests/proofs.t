#!/bin/sh
# Proves, with Frama-C, for all inputs, what the last version promises of what
# a guest can reach.  proofs/contracts says what that is, proofs/assumed.h what
# it takes for granted of the kernel, of libc and of the rest of the program.

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
. "$here/lib.sh"
source=$here/../Version_C/mini_hypervisor.c

# proved NAME FUNCTIONS: all goals of the functions, a list with commas, are
# valid; what was assumed of others stands in the contracts.
proved() {
	"$here/proofs/prove" "$2" >goals 2>&1
	counts=$(sed -n 's/^\[wp\] Proved goals: *\([0-9]*\) \/ \([0-9]*\)$/\1 \2/p' \
		goals)
	[ "${counts% *}" = "${counts#* }" ] && [ "${counts% *}" -gt 0 ]
	ok $? "$1: ${counts% *} of ${counts#* } goals" ||
		grep -v 'Valid\|^ \|Computing' goals | sed 's/^/# /'
}

command -v frama-c >/dev/null || {
	skip 'proofs' 'Frama-C is not installed'
	done_testing
	exit
}

# fail ROUND: with the faults of that round in proofs/mutants, a goal of each
# function is not provable.  One fault leaves the other functions' proofs alone.
fail() {
	sed -n "s/^$1	//p" "$here/proofs/mutants" >faults
	cut -f 2 faults >script
	sed -f script "$source" >mutant.c
	"$here/proofs/prove" "$(cut -f 1 faults | paste -s -d ,)" mutant.c \
		>goals 2>&1
	while IFS='	' read -r function fault; do
		! sed "$fault" "$source" | cmp -s - "$source" &&
			grep -q "Failed. Goal typed_cast_${function}_[acel]" \
			goals
		ok $? "$function: no proof with $fault" ||
			tail -n 20 goals | sed 's/^/# /'
	done <faults
}

proved '1, bounds: what ram_at accepts lies in RAM' ram_at
proved '2, files: offsets, sizes and results stay in bounds' \
	file_fd,file_size,transfer,piece_copy,data_copy,file_discard,files_seek
proved '3, names: what name_check accepts is one plain name' \
	name_check,path_name
proved '4, console: output, ring and input stay in their buffers' \
	write_all,console_flush,console_flush_lines,console_tick,console_put,ring_drain,input_fill,input_take,input_release,io_error,console_get,console_io
proved '6, numbers: choice takes one of its digits' choice
"$here/proofs/prove" absurd >goals 2>&1
grep -q '\[Failed\] Goal .*_absurd_ensures_absurd' goals
ok $? 'an absurd goal is not provable'
for round in 1 2 3; do
	fail $round
done
done_testing
