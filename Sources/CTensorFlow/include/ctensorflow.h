#ifndef CTENSORFLOW_H
#define CTENSORFLOW_H
#endif
