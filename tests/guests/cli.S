# Ends with interrupts off, as they have been from the start.
	.include "guest.inc"
	cli
	say	"off\n"
	bye
