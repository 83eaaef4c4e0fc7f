# Reads from a port that there is not.
	.include "guest.inc"
	say	"before\n"
	mov	$0x279, %edx
	.globl	fault
fault:	inl	%dx, %eax
