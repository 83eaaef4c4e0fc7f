# shellcheck shell=sh disable=SC2034,SC2154
# The CPU as a guest finds it.

: >want_err
for memory in 2 4 8; do
	ram=$((memory << 20))
	for page in 4:4096 2:2097152; do
		le32 2 0 $((ram - 8)) 0 $ram 0 ${page#*:} 0 0 0 >want_out
		run $memory ${page%:*} entry
		seen "flags, rsp, rdi, rsi, all else 0: $memory MiB, page $page" 0
	done
done
run 4 2 sse
ended 'vectors on the stack and floating point' 0 '12768\n' ''
run 4 2 cpuid
vendor=$(sed -n 's/^vendor_id.*: //p' /proc/cpuinfo | head -n 1)
ended "cpuid has the host's vendor and long mode, but no virtualization" 0 \
	"$vendor lm\n" ''
run 4 2 cr8
ended 'CR8 may be raised and lowered' 0 'hello\n' ''
run 4 2 hello
ended 'hlt is the good end' 0 'hello\n' ''
run 4 2 cli
ended 'with interrupts off too' 0 'off\n' ''
