# Meets a breakpoint.
	.include "guest.inc"
	say	"before\n"
	int3
	.globl	fault
fault:	nop
