# shellcheck shell=sh disable=SC2034,SC2154
# All that a VM's thread does, as one compiler or C library or another has it
# done, in the confines that it lives in.

name=$(basename "$tested")
version=$here/../Version_C
cp "$version/guest1.img" "$version/guest2.img" "$version/flowers.png" .
hv -m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png </dev/null
[ "$status" -eq 0 ] && [ ! -s err ] && [ -s vm1/guest1.txt ] &&
	[ -s vm2/flowers.png ]
ok $? "$name: the specification's example" || sed 's/^/# /' err
rm -r vm1 vm2
replay 1
cp "$here/replay/1/output" want_out
: >want_err
# shellcheck disable=SC2086
hv -m 4 -p 4 -g replay.img -f $shared
seen "$name: random calls" 0
rm -r vm1
run 4 2 pf_read
ended "$name: a fault" 1 'before\n' "page fault at rip $(cat \
	g/pf_read.rip): read from 0x400000, which is not mapped"
run 4 2 inl
ended "$name: a wrong width" 1 'before\n' "IN of 4 bytes, port 0xe9, at \
rip $(cat g/inl.rip): the console takes single bytes"
"$program" -m 4 -p 2 -g "$image" >/dev/full 2>err </dev/null
status=$?
: >out
ended "$name: a full disk" 1 '' 'standard output: No space left on device'

# threads: prints the numbers of the threads of $pid.  KVM may have added a task
# of its own, with another name.
threads() {
	grep -lx program "/proc/$pid"/task/*/comm | cut -d / -f 5
}

# all_wait: whether three guests have printed what they wait for.
all_wait() {
	[ "$(count out name)" -eq 3 ]
}

image=g/prompt.img
: >out
"$program" -m 4 -p 2 -g $image $image $image <in >out 2>err &
pid=$!
exec 4<>in
wait_until all_wait
for thread in $(threads); do
	grep '^Seccomp:' "/proc/$pid/task/$thread/status"
done >got
printf 'Seccomp:\t2\n%.0s' main 1 2 3 | cmp got -
ok $? "$name: each thread has the filter" || sed 's/^/# /' got
stop INT
ended "$name: SIGINT while all wait" 130 'name? name? name? ' ''

fill
wait_until ends_by_int "$(threads | tail -n 1)"
exec 5<&-
{ wait "$pid"; } 2>/dev/null
[ $? -eq 130 ] && [ ! -e vm1 ]
ok $? "$name: SIGINT to a VM's thread that waits to write"
