#!/bin/sh
# Calls to the file device that are random, and that libFuzzer makes up from those
# in the corpus: for half a minute, or so many seconds as the argument says.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in /dev/shm

mkdir random new files
cd random || exit
check '5000 random sequences of calls come to what plain copies come to' \
	"$here/random_files" 5000
cd ../files || exit
"$here/fuzz_files" -max_total_time="${1:-30}" -timeout=60 \
	-artifact_prefix=../ ../new "$here/corpus" >../log 2>&1
ok $? "and so do libFuzzer's" ||
	tail -n 60 ../log | sed 's/^/# /'
sed -n 's/^\(#[0-9]*\).*\(cov: .*\) corp: .*/# \1 runs, \2/p' ../log |
	tail -n 1
done_testing
