# Asks without a newline, and answers.
	.include "guest.inc"
	say	"name? "
	inb	$CONSOLE, %al
	outb	%al, $CONSOLE
	say	"!\n"
	bye
