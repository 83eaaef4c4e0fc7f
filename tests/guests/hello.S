# Prints a line.
	.include "guest.inc"
	say	"hello\n"
	bye
