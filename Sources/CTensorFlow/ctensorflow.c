#include "ctensorflow.h"
