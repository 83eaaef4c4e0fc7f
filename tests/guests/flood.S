# Prints lines for ever.
	.include "guest.inc"
1:	say	"0123456789abcdef\n"
	jmp	1b
