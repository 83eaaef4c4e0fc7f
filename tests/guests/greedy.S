# Reads on and on.
	.include "guest.inc"
fault:	inb	$CONSOLE, %al
	outb	%al, $CONSOLE
	jmp	fault
