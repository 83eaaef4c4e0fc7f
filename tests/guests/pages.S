# Fills RAM after this image with addresses and reads them back.
	.include "guest.inc"
	lea	end(%rip), %rbx
	add	$7, %rbx
	and	$-8, %rbx
	mov	%rbx, %rax
1:	mov	%rax, (%rax)
	add	$8, %rax
	cmp	%rdi, %rax
	jb	1b
	mov	%rbx, %rax
2:	cmp	%rax, (%rax)
	jne	3f
	add	$8, %rax
	cmp	%rdi, %rax
	jb	2b
	say	"all of it\n"
	bye
3:	say	"not there\n"
	bye
end:
