# Writes to a port that there is not.
	.include "guest.inc"
	say	"before\n"
	mov	$0x3F8, %edx
	.globl	fault
fault:	outb	%al, %dx
