# Reads a line, prints it, and computes for ever.
	.include "guest.inc"
1:	inb	$CONSOLE, %al
	outb	%al, $CONSOLE
	cmp	$'\n', %al
	jne	1b
	sti
2:	jmp	2b
