/* Read before the program: what Frama-C takes for what it does not know. */
#define _Atomic volatile
#define _Alignas(size) __attribute__((__aligned__(4096)))
#define __builtin_offsetof(type, member) ((size_t)&((type *)0)->member)
#define _Static_assert(condition, text) struct request
#define _Float32 float
#define _Float64 double
#define _Float32x double
#define _Float64x long double
#define _Float128 long double
_Bool compare_exchange(void *object, void *expected, const void *desired);
