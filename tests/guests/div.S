# Divides by zero.
	.include "guest.inc"
	say	"before\n"
	xor	%ecx, %ecx
	.globl	fault
fault:	div	%ecx
