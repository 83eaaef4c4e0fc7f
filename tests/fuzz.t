#!/bin/sh
# Calls to the file device, and command lines and images, that libFuzzer makes
# up from those in the corpora: half a minute of each, or so many seconds as
# the argument says.

here=$(cd -- "$(dirname -- "$0")" && pwd)
seconds=${1:-30}
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
. "$here/lib.sh"

# fuzz TARGET OPTION...: runs the target; what it says goes to TARGET/log.
fuzz() {
	target=$1
	shift
	mkdir -p "$work/$target/new" "$work/$target/files"
	cd "$work/$target/files" || return
	"$here/fuzz_$target" -max_total_time="$seconds" -timeout=60 \
		-artifact_prefix=../ "$@" ../new "$here/fuzz/corpus-$target" \
		>../log 2>&1
}

# fuzzed TARGET STATUS NAME: a test that is passed when STATUS is 0.
fuzzed() {
	sed -n 's/^\(#[0-9]*\).*\(cov: .*\) corp: .*/# \1 runs, \2/p' \
		"$work/$1/log" | tail -n 1
	ok "$2" "$3" || tail -n 60 "$work/$1/log" | sed 's/^/# /'
}

fuzz device &
device=$!
fuzz options -max_len=10000 -dict="$here/fuzz/options.dict"
fuzzed options $? 'any command line is refused or taken, any image too'
wait $device
fuzzed device $? 'any calls of guests come to what plain copies come to'
done_testing
