# Says which kinds of virtualization CPUID offers it.
	.include "guest.inc"
	mov	$0x80000001, %eax
	cpuid
	bt	$2, %ecx
	jnc	1f
	say	"SVM\n"
1:	mov	$1, %eax
	cpuid
	bt	$5, %ecx
	jnc	2f
	say	"VMX\n"
2:	bye
