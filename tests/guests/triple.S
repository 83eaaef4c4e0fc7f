# Loads an IDT of no length and then faults.
	.include "guest.inc"
	say	"before\n"
	sub	$16, %rsp
	movw	$0, (%rsp)
	lidt	(%rsp)
	ud2
