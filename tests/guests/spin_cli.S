# Prints a dot and computes for ever, with interrupts off.
	.include "guest.inc"
	movb	$'.', %al
	outb	%al, $CONSOLE
1:	jmp	1b
