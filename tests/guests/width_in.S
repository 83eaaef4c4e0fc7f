# Reads a byte from the file device.
	.include "guest.inc"
	say	"before\n"
	mov	$0x278, %edx
	.globl	fault
fault:	inb	%dx, %al
