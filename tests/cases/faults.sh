# shellcheck shell=sh disable=SC2034,SC2154
# Faults: each is named, with its place, and loses no output.

# fault GUEST TEXT: runs the guest; @ in TEXT is the address of its fault.
fault() {
	run 4 2 "$1"
	ended "$1" 1 'before\n' \
		"$(echo "$2" | sed "s/@/$(cat "g/$1.rip")/")"
}

fault div 'division error at rip @'
fault ud2 'invalid opcode at rip @'
fault far 'invalid opcode at rip @'
fault int3 'breakpoint at rip @'
fault gp 'general protection fault at rip @'
fault pf_read 'page fault at rip @: read from 0x400000, which is not mapped'
fault pf_write 'page fault at rip @: write to 0x400000, which is not mapped'
fault pf_exec \
	'page fault at rip 0x400000: execution at 0x400000, which is not mapped'
fault pf_far \
	'page fault at rip @: write to 0x123456789000, which is not mapped'
fault pf_vectors \
	'page fault at rip @: write to 0x3fe00080, which is protected'
fault stack 'page fault at rip @: write to 0xfffffffffffffff8, which is not mapped'
fault ret 'returned from its entry point; a guest ends with hlt'
if grep -q AuthenticAMD /proc/cpuinfo; then	# KVM resets the vCPU there
	fault triple 'triple fault'
else
	fault triple 'triple fault at rip @'
fi
fault nowhere \
	'read from guest-physical address 0x40001234, where there is no memory'
for guest in svme vmxe; do
	fault $guest 'general protection fault at rip @'
done
fault vmxon 'invalid opcode at rip @'
fault own_tss 'general protection fault'
run 4 2 own_pages
ended 'a halt in a page of its own where the fault handlers were' 0 'mine\n' ''
fault port_out 'OUT of 1 byte, port 0x3f8, at rip @: there is no such port'
fault port_in 'IN of 4 bytes, port 0x279, at rip @: there is no such port'
fault straddle \
	'page fault at rip @: execution at 0x400000, which is not mapped'
fault trap 'debug exception at rip @'
for guest in outw:OUT:2 outl:OUT:4 inw:IN:2 inl:IN:4; do
	what=${guest#*:}
	fault "${guest%%:*}" "${what%:*} of ${what#*:} bytes, port 0xe9, at \
rip @: the console takes single bytes"
done
