/* Stands in for one CUDA library when the program is linked. Each of its functions looks for the real library
 * when the first of them is called: the program then starts, and works on the CPU, on a machine that has none.
 * There, every function returns MISSING, the library's own code for "not here".
 *
 * functions.h defines FUNCTIONS(X) as X(name) for each function; LIBRARIES are the file names to try, in order.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include "functions.h"

/* Where a function really is; null until looked for. */
#define SLOT(name) __attribute__((used)) static void *real_##name;
FUNCTIONS(SLOT)

static int missing(void) { return MISSING; }

static void find_library(void) {
    static const char *const files[] = {LIBRARIES};
    void *library = NULL;
    for (size_t i = 0; library == NULL && i < sizeof files / sizeof *files; i++)
        library = dlopen(files[i], RTLD_LAZY | RTLD_LOCAL);
#define FIND(name)                                                  \
    real_##name = library == NULL ? NULL : dlsym(library, #name); \
    if (real_##name == NULL) real_##name = (void *)missing;
    FUNCTIONS(FIND)
}

__attribute__((used)) static void find_once(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_library);
}

/* Calls find_once and leaves the arguments of the function that was called where they are. */
__asm__(
    ".text\n"
    "find_and_keep_arguments:\n"
    "    push %rdi\n push %rsi\n push %rdx\n push %rcx\n push %r8\n push %r9\n"
    "    sub $128, %rsp\n"
    "    movups %xmm0, (%rsp)\n movups %xmm1, 16(%rsp)\n movups %xmm2, 32(%rsp)\n movups %xmm3, 48(%rsp)\n"
    "    movups %xmm4, 64(%rsp)\n movups %xmm5, 80(%rsp)\n movups %xmm6, 96(%rsp)\n movups %xmm7, 112(%rsp)\n"
    "    call find_once\n"
    "    movups (%rsp), %xmm0\n movups 16(%rsp), %xmm1\n movups 32(%rsp), %xmm2\n movups 48(%rsp), %xmm3\n"
    "    movups 64(%rsp), %xmm4\n movups 80(%rsp), %xmm5\n movups 96(%rsp), %xmm6\n movups 112(%rsp), %xmm7\n"
    "    add $128, %rsp\n"
    "    pop %r9\n pop %r8\n pop %rcx\n pop %rdx\n pop %rsi\n pop %rdi\n"
    "    ret\n");

/* The functions: on to the real one, whatever its arguments are. */
#define FORWARD(name)                              \
    __asm__(".globl " #name "\n"                   \
            ".type " #name ", @function\n" #name ":\n" \
            "    cmpq $0, real_" #name "(%rip)\n"  \
            "    jne 1f\n"                         \
            "    call find_and_keep_arguments\n"   \
            "1:  jmp *real_" #name "(%rip)\n");
FUNCTIONS(FORWARD)
