# Writes a word to the console.
	.include "guest.inc"
	say	"before\n"
	.globl	fault
fault:	outw %ax, $CONSOLE
