#!/bin/sh
# Which lines of the last version its tests reach: 95 % of them, and all but those
# that report what a call of the host fails with, which guests-inject.t tests.
# AddressSanitizer and UBSan watch; the last version's text holds the others'.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in /dev/shm

# unreached: reads gcov's listings, one of each program.  Prints each line that
# none ran as "FUNCTION: TEXT", and to the file counts the numbers of lines that
# one ran, and of all.
unreached() {
	awk -F : '
		$3 == "Source" { ours = $4 ~ /Version_C\/mini_hypervisor.c$/ }
		!ours || $2 < 1 { next }
		{ line[$2 + 0] = substr($0, length($1 $2) + 3) }
		$1 ~ /[#=]/ { counted[$2 + 0] }
		$1 ~ /[0-9]/ { counted[$2 + 0]; ran[$2 + 0] }
		END {
			for (n = 1; n in line; n++) {
				text = line[n]
				if (match(text, /^[a-z].*[a-z0-9_]\(/)) {
					name = substr(text, 1, RLENGTH - 1)
					sub(/.*[ *]/, "", name)
				}
				all += n in counted
				good += n in ran
				sub(/^[ \t]*/, "", text)
				if (n in counted && !(n in ran))
					print name ": " text
			}
			print good, all >"counts"
		}'
}

rm -f "$here"/covered/*.gcda
mkdir unit_files random_files
{
	# Some runs are nobody's, who adds to the same counts and may have no
	# way to this folder.
	# shellcheck disable=SC2016
	(cd "$here" && BOX=amd GCOV_PREFIX=/dev/shm/counts \
		GCOV_PREFIX_STRIP=99 ./box sh -c 'umask 0
		mkdir $GCOV_PREFIX
		sh kvm.sh C covered/hypervisor \
			memory cpu faults console options many limits \
			files
		cp $GCOV_PREFIX/hypervisor.gcda covered')
	"$here/covered/unit_rare"
	(cd unit_files && "$here/covered/unit_files")
	(cd random_files && "$here/covered/random_files" 200)
} >said
[ "$(grep -c '^1\.\.[1-9]' said)" -eq 4 ] && ! grep -q '^not ok' said
ok $? 'all that is run to reach them passes' ||
	sed -n '/^not ok/,/^ok/s/^/# /p' said
[ "$(id -u)" -eq 0 ] || {
	skip 'the lines that are reached' 'root reaches more of them'
	done_testing
	exit
}
(cd "$here" && gcov -t covered/*.gcda) | unreached | sort >found
read -r good all <counts
[ "$((good * 100))" -ge "$((all * 95))" ]
ok $? "$good of $all lines are reached, 95 of 100 are enough"
sed 's/^/# /' found
grep -vE '(report|fail)\(|strerror\(|errno|return (-1|-EIO|most|128 .*);' \
	found >never
check 'the others are for calls that fail' diff /dev/null never
done_testing
