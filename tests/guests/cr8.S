# Raises its task priority and lowers it again, which KVM tells as an exit.
	.include "guest.inc"
	mov	$5, %eax
	mov	%rax, %cr8
	xor	%eax, %eax
	mov	%rax, %cr8
	say	"hello\n"
	bye
