# Returns from the entry point.
	.include "guest.inc"
	say	"before\n"
	ret
