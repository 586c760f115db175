#ifndef CTENSORFLOW_INTERNAL_H
#define CTENSORFLOW_INTERNAL_H

// A symbol of the library that `ctf_open` has opened, or of one that it needs; NULL when there is none.
void *ctf_symbol(const char *name);

#endif
