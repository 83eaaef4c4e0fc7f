# Runs an instruction that there is not.
	.include "guest.inc"
	say	"before\n"
	.globl	fault
fault:	ud2
