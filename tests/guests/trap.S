# Traps behind an instruction, by the trap flag.
	.include "guest.inc"
	say	"before\n"
	pushf
	orl	$0x100, (%rsp)
	popf
	nop
	.globl	fault
fault:	nop
