# Reads on and on.
	.include "guest.inc"
1:	inb	$CONSOLE, %al
	outb	%al, $CONSOLE
	jmp	1b
