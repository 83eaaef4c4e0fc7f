# Reads a long from the console.
	.include "guest.inc"
	say	"before\n"
	.globl	fault
fault:	inl $CONSOLE, %eax
