#!/bin/sh
# The tables that each version builds, walked without a CPU.

cd "$(dirname -- "$0")" || exit
for program in unit_tables_a unit_tables_b unit_tables_c; do
	./$program | sed 's/^\(ok\|not ok\) [0-9]* /\1 /; /^1\.\./d'
done
echo "1..$((3 * 60))"
