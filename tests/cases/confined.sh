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
cp "$here/replay/output1" want_out
: >want_err
hv -m 4 -p 4 -g replay.img -f big small empty
seen "$name: random calls" 0
rm -r vm1
run 4 2 pf_read
ended "$name: a fault" 1 'before\n' "page fault at rip $(cat \
	g/pf_read.rip): read from 0x400000, which is not mapped"
run 4 2 inl
ended "$name: a wrong width" 1 'before\n' "IN of 4 bytes, port 0xe9, at \
rip $(cat g/inl.rip): the console takes single bytes"
run 4 2 greedy </dev/null
ended "$name: the end of input" 1 '\0377' 'reads on after the end of input'
"$program" -m 4 -p 2 -g "$image" >/dev/full 2>err </dev/null
status=$?
: >out
ended "$name: a full disk" 1 '' 'standard output: No space left on device'

in_background g/prompt.img
wait_for out name
sed -n 's/^Seccomp:[^0-9]*//p' "/proc/$pid"/task/*/status | sort >got
printf '0\n2\n' | cmp - got
ok $? "$name: there is a filter, for the VM's thread"
stop TERM
ended "$name: SIGTERM" 143 'name? ' ''

fill
for thread in "/proc/$pid"/task/*; do
	thread=${thread##*/}
	[ "$thread" = "$pid" ] || break
done
wait_until ends_by_int "$thread"
exec 5<&-
{ wait "$pid"; } 2>/dev/null
[ $? -eq 130 ]
ok $? "$name: SIGINT to the VM's thread itself, and again later"
rm -r vm1		# which a run that is ended so leaves
