# Prints its input byte by byte, and ends after a 0xFF.
	.include "guest.inc"
1:	inb	$CONSOLE, %al
	outb	%al, $CONSOLE
	inc	%al
	jnz	1b
	bye
