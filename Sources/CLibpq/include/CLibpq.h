#ifndef METERD_CLIBPQ_H
#define METERD_CLIBPQ_H
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
#endif
