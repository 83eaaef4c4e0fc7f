# shellcheck shell=sh disable=SC2034,SC2154
# The CPU as a guest finds it.

for memory in 2 4 8; do
	for page in 4 2; do
		run $memory $page entry
		ended "rsp is 8 modulo 16, rflags 2, rdi and rsi: $memory $page" \
			0 "8 $memory $page 2\n" ''
	done
done
run 4 2 sse
ended 'vectors on the stack and floating point' 0 '12768\n' ''
run 4 2 cpuid
vendor=$(sed -n 's/^vendor_id.*: //p' /proc/cpuinfo | head -n 1)
ended 'cpuid names the vendor of the host, and long mode' 0 "$vendor lm\n" ''
run 4 2 virtual
ended 'and no virtualization' 0 '' ''
run 4 2 registers
ended 'all other registers are 0' 0 'zeros\n' ''
run 4 2 cr8
ended 'CR8 may be raised and lowered' 0 'hello\n' ''
run 4 2 hello
ended 'hlt is the good end' 0 'hello\n' ''
run 4 2 cli
ended 'with interrupts off too' 0 'off\n' ''
