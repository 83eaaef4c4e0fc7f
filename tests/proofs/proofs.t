#!/bin/sh
# Proves, with Frama-C, for all inputs, what the last version promises of what
# a guest can reach.  proofs/contracts says what that is, proofs/assumed.h what
# it takes for granted of the kernel, of libc and of the rest of the program.
#
#	tests/proofs/proofs.t		the proofs, and that they fail for some faults
#	tests/proofs/proofs.t all	and what takes longer

here=$(cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
. "$here/lib.sh"

command -v frama-c >/dev/null || {
	skip 'proofs' 'Frama-C is not installed'
	done_testing
	exit
}
rounds='1 2 3'
[ "$1" != all ] || rounds='1 2 3 4 5'
cp "$here/../Version_C/mini_hypervisor.c" .

# A folder, the functions, WP's options, and what is proved.
cat >proofs <<'EOF'
files files_read,files_write,files_seek,file_fd,file_size,transfer
console console_call
call files_call -wp-split
open files_open -wp-prop @assert,@requires,@assigns,@invariant,@variant
make file_find,file_create,file_publish,file_discard,data_copy,piece_copy
output write_all,console_flush,console_flush_lines,console_tick,console_put
input ring_drain,input_fill,input_take,input_release,io_error,console_get
port console_io
absurd absurd,absurd_call -wp-timeout 5
bounds ram_at
names name_check,path_name
numbers choose
EOF
[ "$1" != all ] || cat >>proofs <<'EOF'
left_files files_open -wp-split -wp-prop files -wp-timeout 150
left_handles files_open -wp-split -wp-prop handles
left_rest files_open -wp-split -wp-prop console,ram,result
EOF

# A fault in one function leaves the proofs of others alone, so that a round
# tries many at once.
for round in $rounds; do
	sed -n "s/^$round	//p" "$here/proofs/mutants" >"faults$round"
	cut -f 3 "faults$round" >script
	sed -f script mini_hypervisor.c >"mutant$round.c"
	goals=
	[ "$round" -lt 4 ] || goals=' -wp-prop @assert,@requires,@assigns'
	echo "$round mutant$round.c $(cut -f 1 "faults$round" |
		paste -s -d ,) -wp-timeout 5$goals"
done >mutants
{
	sed 's/ / mini_hypervisor.c /' proofs
	cat mutants
} | xargs -P 2 -L 1 "$here/proofs/prove"

# proved FOLDER NAME: all goals are valid.
proved() {
	counts=$(sed -n 's/^\[wp\] Proved goals: *\([0-9]*\) \/ /\1 /p' \
		"$1/goals")
	[ "$counts" ] && [ "${counts% *}" = "${counts#* }" ]
	ok $? "$2: ${counts% *} of ${counts#* } goals" ||
		grep 'Goal typed\|User Error\|^annotate\|^prove' \
			"$1/goals" | grep -v ' : Valid ' | sed 's/^/# /'
}

# unproved FOLDER GOAL: it is there, and not valid.
unproved() {
	grep "Goal typed_cast_$2" "$1/goals" | grep -qv ' : Valid '
}

proved bounds '1, bounds: what ram_at accepts lies in RAM'
proved open '1, 2: a path ends in RAM; what open does stays in bounds'
if [ "$1" = all ]; then
	proved left_files '2, requests: how open leaves the list of files'
	proved left_handles '2, requests: how open leaves the handles'
	proved left_rest '2, requests: how open leaves the rest, and its result'
else
	skip '2, requests: how open leaves the VM' 'takes minutes: proofs.t all'
fi
proved files '2, requests: read, write and seek'
proved make '2, requests: finding, making and copying files'
proved console '2, requests: the handles of the console'
proved call '2, requests: every request leaves the VM fit for the next'
proved names '3, names: what name_check accepts is one plain name that fits'
proved output '4, console: output'
proved input '4, console: the ring, and input'
proved port '4, console: IN and OUT, REP forms too'
echo '# 5, page tables: unit-tables.t walks them all, which proves them'
proved numbers '6, numbers: what choose accepts is one of its digits'
grep 'Goal typed' absurd/goals | grep -v ' : Valid ' >said
[ "$(grep -c '_ensures_absurd ' said)" -eq 2 ] &&
	[ "$(wc -l <said)" -eq 2 ]
ok $? 'an absurd goal is not provable, but all that leads there' ||
	sed 's/^/# /' said
for round in $rounds; do
	while IFS='	' read -r function goal fault; do
		! sed "$fault" mini_hypervisor.c |
			cmp -s - mini_hypervisor.c &&
			unproved "$round" "${function}_$goal"
		ok $? "no proof of $function with $fault" ||
			tail -n 3 "$round/goals" | sed 's/^/# /'
	done <"faults$round"
done
echo '# Assumed: the kernel and libc, as in proofs/assumed.h; how the VM is'
echo '# made; locks; the C compiler; and that Frama-C and CVC4 are right.'
done_testing
