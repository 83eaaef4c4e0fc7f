# Waits for a byte of input.
	.include "guest.inc"
	inb	$CONSOLE, %al
	bye
