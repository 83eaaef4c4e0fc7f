# Writes a long to the console.
	.include "guest.inc"
	say	"before\n"
	.globl	fault
fault:	outl %eax, $CONSOLE
