# shellcheck shell=sh disable=SC2034,SC2154
# Load: a thousand guests with files.

# printed: whether out has as much as the guests are to print.
printed() {
	[ "$(stat -c %s out)" -ge "$size" ]
}

guests=1000
awk 'BEGIN { for (i = 1000; i < 1100; i++) printf "%-39d\n", i }' >load
cp load original
awk -v n=$guests 'BEGIN { for (i = 1; i <= n; i++) printf "%04d\n", i }' >input
: >out
# shellcheck disable=SC2046
timeout 300 "$program" -m 2 -p 2 -g $(sed 's,.*,g/load.img,' input) \
	-f load <in >out 2>err &
pid=$!
exec 4<>in
size=$((guests * 6))
wait_until printed
ok $? "$guests guests run at the same time"
# Fifty at a time: an emulated CPU has no time for the ticks of a thousand.
from=1
while [ $from -lt $guests ]; do
	sed -n "$from,$((from + 49))p" input >&4
	size=$((size + 50 * 2200))
	wait_until printed || break
	from=$((from + 50))
done
exec 4>&-
wait $pid
status=$?
[ $status -eq 0 ] && [ ! -s err ]
ok $? 'all halt, and nothing is reported' || sed 's/^/# /' err | head -n 5

# Of each guest whose lines are whole, in order and all there: its number.
sed 's/^\(ready \)*//' out | awk '
	BEGIN {
		split("3 7d0 4 7d0 4 7d0 4 fa0 5 0", results, " ")
		for (line = 0; line < 100; line++) {
			call = int(line / 10) + 1
			result = sprintf("%8s", results[call])
			gsub(" ", 0, result)
			want[line] = sprintf(" %02d %s %s", line, result,
				call < 3 ? "none" : call < 7 ? 1050 : "")
		}
	}
	{
		line = seen[$1]++
		if ($0 != $1 want[line] (line < 60 ? "" : $1))
			print "bad:", $0
		else if (line == 99)
			print $1
	}' | sort >got
cmp got input
ok $? 'a hundred lines of each are whole, in order, and tell what its calls did'
# Of each copy that holds what its guest wrote and no other change: its number.
awk 'FNR == NR { want[FNR] = $0; next }
	FNR == 51 { number = $1; $0 = "1050" substr($0, 5) }
	FNR == 101 && $0 == number { print number; next }
	$0 != want[FNR] { print "bad:", FILENAME, $0 }' original vm*/load |
	sort >got
cmp got input && [ "$(find vm* -type f | wc -l)" -eq $guests ]
ok $? 'each has its own copy of the shared file, with what it wrote'
cmp load original
ok $? 'and the original is as it was'
rm -r vm*
