// This target only carries the header of libpq; SwiftPM wants one source file.
#include "CLibpq.h"
