#include "SystemClocks.h"
