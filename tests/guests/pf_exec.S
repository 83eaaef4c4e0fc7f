# Jumps behind RAM.
	.include "guest.inc"
	say	"before\n"
	jmp	*%rdi
