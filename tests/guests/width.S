# Writes a word to the file device.
	.include "guest.inc"
	say	"before\n"
	mov	$0x278, %edx
	.globl	fault
fault:	outw	%ax, %dx
