#!/bin/sh
# The tables that each version builds, walked without a CPU.

cd "$(dirname -- "$0")" || exit
for program in tables_a tables_b tables_c; do
	./$program | sed 's/^\(ok\|not ok\) [0-9]* /\1 /; /^1\.\./d'
done
echo "1..$((3 * 60))"
