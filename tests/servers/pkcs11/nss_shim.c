/*
 * A PKCS#11 module in front of NSS softokn, for programs that know nothing of NSS.
 *
 * Softokn wants the place of its databases as a member of the arguments of C_Initialize that only NSS has, and refuses
 * to start without arguments. This module takes them from the variable NSS_SHIM_PARAMETERS; every other function is
 * softokn's own.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

#define CKR_OK 0UL
#define CKR_GENERAL_ERROR 5UL
#define CKF_OS_LOCKING_OK 2UL
#define FUNCTIONS 68 /* as PKCS#11 2.x has them; C_Initialize is the first */

typedef unsigned long CK_RV;
typedef CK_RV (*Initialize)(void *arguments);

struct initialize_arguments {
    void *create_mutex, *destroy_mutex, *lock_mutex, *unlock_mutex;
    unsigned long flags;
    char *library_parameters;
    void *reserved;
};

struct function_list {
    struct {
        unsigned char major, minor;
    } version;
    union {
        Initialize initialize;
        void (*any)(void);
    } functions[FUNCTIONS];
};

static struct function_list ours;
static Initialize softokn_initialize;

static CK_RV initialize(void *arguments) {
    (void)arguments; /* locks of the system, whatever the program asks for */
    struct initialize_arguments with_parameters = {
        .flags = CKF_OS_LOCKING_OK,
        .library_parameters = getenv("NSS_SHIM_PARAMETERS"),
    };
    return softokn_initialize(&with_parameters);
}

CK_RV C_GetFunctionList(struct function_list **list) {
    if (softokn_initialize == NULL) {
        void *softokn = dlopen("libsoftokn3.so", RTLD_NOW | RTLD_LOCAL);
        if (softokn == NULL) return CKR_GENERAL_ERROR;
        CK_RV (*get)(struct function_list **);
        *(void **)&get = dlsym(softokn, "C_GetFunctionList");
        if (get == NULL) return CKR_GENERAL_ERROR;
        struct function_list *theirs;
        CK_RV result = get(&theirs);
        if (result != CKR_OK) return result;
        ours = *theirs;
        softokn_initialize = ours.functions[0].initialize;
        ours.functions[0].initialize = initialize;
    }
    *list = &ours;
    return CKR_OK;
}
