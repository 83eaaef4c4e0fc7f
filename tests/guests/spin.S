# Prints a dot and computes for ever.
	.include "guest.inc"
	movb	$'.', %al
	outb	%al, $CONSOLE
	sti
1:	jmp	1b
