#!/bin/sh
# Proves, with Frama-C, for all inputs, what the last version promises of what
# a guest can reach.  proofs/contracts says what that is, proofs/assumed.h what
# it takes for granted of the kernel, of libc and of the rest of the program.
#
#	tests/proofs.t		the proofs, and that they fail for some faults
#	tests/proofs.t all	and what takes longer

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
. "$here/lib.sh"

for program in frama-c why3 cvc4; do
	command -v "$program" >/dev/null || {
		skip 'proofs' "there is no $program"
		done_testing
		exit
	}
done
version=$(frama-c -version)
case $version in
25.*) ;;
*)
	skip 'proofs' "they are written for Frama-C 25, this is $version"
	done_testing
	exit
	;;
esac
rounds=1
[ "$1" != all ] || rounds='1 2 3 4 5'
cp "$here/../Version_C/mini_hypervisor.c" .

# A folder, the functions, WP's options, and what is proved.
cat >proofs <<'EOF'
open|files_open -wp-prop @assert,@requires,@assigns,@invariant,@variant|1, 2: a path ends in RAM; what open does stays in bounds
make|file_find,file_create,file_publish,file_discard,data_copy,piece_copy|2, requests: finding, making and copying files
files|files_read,files_write,files_seek,file_fd,file_size,transfer|2, requests: read, write and seek
input|ring_drain,input_fill,input_take,input_release,io_error,console_get|4, console: the ring, and input
call|files_call -wp-split|2, requests: every request leaves the VM fit for the next
console|console_call|2, requests: the handles of the console
output|write_all,console_flush,console_flush_lines,console_tick,console_put|4, console: output
port|console_io|4, console: IN and OUT, REP forms too
names|name_check,path_name|3, names: what name_check accepts is one plain name that fits
numbers|choose,list_take|6, options: a digit is one of those offered; a list ends with the words
bounds|ram_at|1, bounds: what ram_at accepts lies in RAM
EOF
[ "$1" != all ] || cat >>proofs <<'EOF'
options|options_parse|6, options: sizes are of those offered; lists keep to their room
left_files|files_open -wp-split -wp-prop files -wp-pruning -wp-steps 10000000|2, requests: how open leaves the list of files
left_handles|files_open -wp-split -wp-prop handles -wp-pruning -wp-steps 10000000|2, requests: how open leaves the handles
left_rest|files_open -wp-split -wp-prop console,ram,result -wp-pruning -wp-steps 10000000|2, requests: how open leaves the rest, and its result
EOF

# A fault in one function leaves the proofs of others alone, so that a round
# tries many at once.
{
	sed 's/|/ mini_hypervisor.c /; s/|.*//' proofs
	for round in $rounds; do
		grep "^$round	" "$here/proofs/mutants" >"faults$round"
		cut -f 4 "faults$round" >script
		sed -f script mini_hypervisor.c >"mutant$round.c"
		echo "round$round mutant$round.c" \
			"$(cut -f 2 "faults$round" | paste -s -d ,) -wp-prop" \
			"$(cut -f 3 "faults$round" | sort -u | paste -s -d ,)"
	done
	echo absurd mini_hypervisor.c absurd,absurd_call
} >runs
xargs -P 2 -L 1 "$here/proofs/prove" <runs

while IFS='|' read -r folder functions name; do
	counts=$(sed -n 's/^\[wp\] Proved goals: *\([0-9]*\) \/ /\1 /p' \
		"$folder/goals")
	[ "$counts" ] && [ "${counts% *}" = "${counts#* }" ]
	ok $? "$name: ${counts% *} of ${counts#* } goals" || {
		echo "# of $functions"
		grep 'Goal typed\|User Error\|^annotate\|^prove' \
			"$folder/goals" | grep -v ' : Valid' | sed 's/^/# /'
	}
done <proofs
[ "$1" = all ] || skip 'how open leaves the VM; the whole command line' \
	'takes long: proofs.t all'
echo '# 5, page tables: unit-tables.t walks them all, which proves them'
grep 'Goal typed' absurd/goals | grep -v ' : Valid' >said
[ "$(grep -c '_ensures_absurd ' said)" -eq 2 ] &&
	[ "$(wc -l <said)" -eq 2 ]
ok $? 'an absurd goal is not provable, but all that leads there' ||
	sed 's/^/# /' said
for round in $rounds; do
	while IFS='	' read -r _ function property fault; do
		grep "Goal typed_cast_${function}_.*${property#@}" \
			"round$round/goals" >said
		! sed "$fault" mini_hypervisor.c |
			cmp -s - mini_hypervisor.c &&
			grep -qv ' : Valid' said
		ok $? "no proof of $function with $fault" ||
			sed 's/^/# /' said
	done <"faults$round"
done
echo '# Assumed: the kernel and libc, as in proofs/assumed.h; how the VM is'
echo '# made; locks; the C compiler; and that Frama-C and CVC4 are right.'
done_testing
